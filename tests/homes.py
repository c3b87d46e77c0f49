"""Homes that hold what is the same in all of them: tables, translations, static files. Keys and people are their own.

Making the tables takes ten seconds of a processor, the rest some more, and whoever asks for a portal of its own would wait for it. The
tables are kept from run to run, for as long as no migration changes; the rest is made once in a run.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import django

_PROJECT = Path(__file__).resolve().parent.parent
_KEPT = _PROJECT / ".pytest_cache" / "tables"
_FILE = "portal.sqlite3"  # of the database in a home
SHARED = "PORTAL_TESTS_SHARED"  # the folder of a run; its workers inherit the name


def furnish(home: Path, environment: Mapping[str, str]) -> None:
    """Make *home* with what every home has, unless it exists or a database elsewhere is meant; outside a run of tests nothing is shared."""
    if SHARED in os.environ and not home.exists() and not environment.get("DATABASE_URL"):
        shutil.copytree(_furnished(), home)


def tables() -> Path:
    """Return an SQLite database as the migrations of this checkout make it; the first who asks makes it, whoever comes meanwhile waits."""
    database = _KEPT / f"{_digest_of_migrations()}.sqlite3"
    with _alone(_KEPT / "making"):
        if not database.exists():
            for earlier in _KEPT.glob("*.sqlite3"):
                earlier.unlink()
            with _unfinished(_KEPT / "unfinished") as home:
                _make(home, "tables")
                (home / _FILE).rename(database)
    return database


def _furnished() -> Path:
    """Return the home that others are copies of."""
    shared = Path(os.environ[SHARED])
    home = shared / "furnished"
    with _alone(shared / "furnishing"):
        if not home.exists():
            with _unfinished(shared / "unfinished") as making:
                shutil.copy(tables(), making / _FILE)
                _make(making, "everything")
                making.rename(home)
    return home


def _digest_of_migrations() -> str:
    """Return what changes with any migration: ours, or those of the packages that are locked."""
    digest = hashlib.sha256((_PROJECT / "requirements.lock").read_bytes())
    for migration in sorted([*_PROJECT.glob("*/migrations/*.py"), *_PROJECT.glob("*/*/migrations/*.py")]):
        digest.update(migration.read_bytes())
    return digest.hexdigest()


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _unfinished(folder: Path) -> Iterator[Path]:
    """Make *folder* anew; what is left in it afterwards goes, also where an earlier run was cut off."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _make(home: Path, what: str) -> None:
    environment = {**os.environ, "PORTAL_HOME": str(home), "DATABASE_URL": ""}
    subprocess.run([sys.executable, "-m", __name__, what], cwd=_PROJECT, env=environment, check=True)


def main(what: str) -> None:
    """Make in ``PORTAL_HOME`` the tables, or everything, as `manage.py setup` does, up to where keys would be made.

    The tables are made where ``DATABASE_URL`` says, if it does.
    """
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    os.umask(0o077)
    django.setup()
    from portal import installation  # with its models, which are there only now

    rest = () if what == "tables" else (installation.translations, installation.static_files)
    for step in (installation.private_home, installation.tables, *rest):
        step()


if __name__ == "__main__":
    main(sys.argv[1])
