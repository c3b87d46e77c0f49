"""Homes that hold what is the same in all of them, made once in a run: tables, translations, static files. Keys and people are their own.

Making it takes ten seconds of a processor, and whoever asks for a portal of its own would wait for it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import django

_PROJECT = Path(__file__).resolve().parent.parent
SHARED = "PORTAL_TESTS_SHARED"  # the folder of a run; its workers inherit the name


def furnish(home: Path, environment: Mapping[str, str]) -> None:
    """Make *home* with what every home has, unless it exists or a database elsewhere is meant; outside a run of tests nothing is shared."""
    if SHARED in os.environ and not home.exists() and not environment.get("DATABASE_URL"):
        shutil.copytree(_furnished(), home)


def _furnished() -> Path:
    """Return the home that others are copies of; the first who asks makes it, whoever comes meanwhile waits."""
    shared = Path(os.environ[SHARED])
    home = shared / "furnished"
    with (shared / "furnishing").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not home.exists():
            making = shared / "unfinished"
            environment = {**os.environ, "PORTAL_HOME": str(making), "DATABASE_URL": ""}
            subprocess.run([sys.executable, "-m", __name__], cwd=_PROJECT, env=environment, check=True)
            making.rename(home)
    return home


def main() -> None:
    """Make ``PORTAL_HOME`` as `manage.py setup` does, up to where keys would be made."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    os.umask(0o077)
    django.setup()
    from portal import installation  # with its models, which are there only now

    for step in (installation.private_home, installation.tables, installation.translations, installation.static_files):
        step()


if __name__ == "__main__":
    main()
