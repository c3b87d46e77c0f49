"""What `manage.py setup` makes, and that it makes it once."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from pytest_django.fixtures import Settings

from certificates.sealing import KeyRing, new_key
from portal import installation
from tests.homes import furnish, tables
from tests.processes import PROJECT


@pytest.fixture
def home(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a ``PORTAL_HOME`` that does not exist yet, with nothing given by the environment."""
    home = tmp_path / "home"
    settings.PORTAL_HOME = home
    settings.SECRET_KEY_FILE = home / "secret-key"
    settings.ENCRYPTION_KEYS = ""
    settings.ENCRYPTION_KEYS_FILE = home / "encryption-keys"
    settings.STATIC_ROOT = home / "static"
    for name in ("PORTAL_SECRET_KEY", "PORTAL_ADMIN_USER", "PORTAL_ADMIN_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    return home


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def set_up(capsys: pytest.CaptureFixture[str]) -> list[str]:
    call_command("setup")
    return capsys.readouterr().out.splitlines()


def test_the_first_run_says_what_it_makes_and_the_second_makes_nothing(
    db: None, home: Path, plain_static_files: None, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = set_up(capsys), set_up(capsys)

    assert [line.split()[0] for line in first] == ["Made", "Made", "Made", "Compiled", "Collected", "Made", "Everything"]
    assert second == ["Everything is set up."]


def test_nobody_else_may_read_what_is_made(db: None, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = os.umask(0)
    try:
        set_up(capsys)
    finally:
        os.umask(before)

    assert mode(home) == 0o700
    assert {mode(home / name) for name in ("secret-key", "encryption-keys", "administrator-password")} == {0o600}


def test_a_home_that_is_open_to_others_is_closed(home: Path) -> None:
    home.mkdir(mode=0o755)
    home.chmod(0o755)

    assert installation.private_home() == f"Closed {home} to others."
    assert mode(home) == 0o700


def test_the_ring_holds_one_key_and_is_never_made_again(db: None, home: Path) -> None:
    installation.private_home()
    installation.encryption_keys()
    ring = home / "encryption-keys"
    made = ring.read_text()
    installation.encryption_keys()

    assert ring.read_text() == made
    assert len(KeyRing.parse(made).names) == 1


def test_keys_of_the_environment_make_files_unnecessary(home: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ENCRYPTION_KEYS = "given"
    monkeypatch.setenv("PORTAL_SECRET_KEY", "given")

    installation.private_home()

    assert installation.secret_key() is None
    assert installation.encryption_keys() is None
    assert list(home.iterdir()) == []


def test_without_a_given_password_one_is_made_and_can_be_shown_again(db: None, home: Path) -> None:
    installation.private_home()
    installation.encryption_keys()

    assert installation.first_administrator() == "Made the first administrator, admin."
    generated = installation.generated_administrator()
    assert generated
    name, password = generated
    assert User.objects.get(username=name).check_password(password)
    assert installation.first_administrator() is None


def test_a_password_that_was_changed_meanwhile_is_not_shown(db: None, home: Path) -> None:
    installation.private_home()
    installation.encryption_keys()
    installation.first_administrator()
    user = User.objects.get(username="admin")
    user.set_password("of one's own")
    user.save()

    assert installation.generated_administrator() is None


def test_name_and_password_of_the_environment_are_taken(db: None, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "password"
    file.write_text("a given password\n")
    monkeypatch.setenv("PORTAL_ADMIN_USER", "mei")
    monkeypatch.setenv("PORTAL_ADMIN_PASSWORD_FILE", str(file))
    installation.private_home()
    installation.encryption_keys()

    installation.first_administrator()

    mei = User.objects.get(username="mei")
    assert mei.check_password("a given password")
    assert mei.has_perm("certificates.add_clientcertificate")
    assert not installation.administrator_password_file().exists()


def test_where_somebody_administers_nobody_is_made(administrator: User, home: Path) -> None:
    assert installation.first_administrator() is None
    assert list(User.objects.all()) == [administrator]


def test_static_files_are_collected_again_only_when_they_have_changed(home: Path, settings: Settings, tmp_path: Path) -> None:
    sources = tmp_path / "sources"
    sources.mkdir()
    settings.STATICFILES_DIRS = [sources]
    installation.private_home()
    (sources / "one.css").write_text("a{}")
    assert installation.static_files() == "Collected the static files."
    assert installation.static_files() is None

    (sources / "two.css").write_text("b{}")
    assert installation.static_files() == "Collected the static files."
    assert {"one.css", "two.css"} <= {path.name for path in settings.STATIC_ROOT.iterdir()}


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match="nowhere"):
        installation.write_private(tmp_path / "nowhere" / "file", "content")


def _of_its_own(home: Path, **more: str) -> dict[str, str]:
    """Return the environment of a portal whose database and keys are files in *home*."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("PORTAL_", "DATABASE_", "DJANGO_"))}
    return {**ours, "PORTAL_HOME": str(home), **more}


def _manage(home: Path, *arguments: str, **more: str) -> tuple[int, str]:
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, cwd=PROJECT, env=_of_its_own(home, **more), capture_output=True, text=True, check=False, timeout=240)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def set_up_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("homes") / "home"
    furnish(home, {})
    assert _manage(home, "setup")[0] == 0
    return home


@pytest.fixture
def own(set_up_once: Path, tmp_path: Path) -> Path:
    """Return a home that is set up, to break."""
    return Path(shutil.copytree(set_up_once, tmp_path / "own"))


@pytest.mark.parametrize("lost", ["missing", "empty"])
def test_a_lost_database_beside_keys_is_not_begun_anew_by_itself(own: Path, lost: str) -> None:
    database = own / "portal.sqlite3"
    database.unlink()
    if lost == "empty":
        database.touch()

    code, said = _manage(own, "setup")

    assert code == 1
    assert f"The database ({database}) is empty" in said
    assert "setup --new-database" in said
    assert "Traceback" not in said
    assert _manage(own, "setup")[0] == 1  # nothing was made that would hide it
    if lost == "empty":  # to make the tables takes long
        assert _manage(own, "serve")[0] == 1
        return
    assert _manage(own, "setup", "--new-database")[0] == 0
    assert _manage(own, "setup") == (0, "Everything is set up.\n")


def test_another_database_than_before_is_refused(own: Path, tmp_path: Path) -> None:
    furnish(other := tmp_path / "other", {})
    assert _manage(other, "setup")[0] == 0
    wrong = {"DATABASE_URL": f"sqlite:///{other / 'portal.sqlite3'}"}
    for command in (("setup",), ("xds",), ("portal", "run")):
        code, said = _manage(own, *command, **wrong)
        assert code == 1, command
        assert "is not the database that" in said
    assert _manage(own, "setup", "--new-database", **wrong)[0] == 0


def test_a_start_that_was_broken_off_is_gone_on_with(tmp_path: Path) -> None:
    (home := tmp_path / "home").mkdir(mode=0o700)
    shutil.copy(tables(), home / "portal.sqlite3")  # but neither keys nor rows
    assert _manage(home, "setup")[0] == 0


@pytest.mark.parametrize(
    ("name", "rest"), [("secret-key", ""), ("secret-key", "half"), ("encryption-keys", ""), ("encryption-keys", "aGFsZiBvZiBhIGtleQ==")]
)
def test_a_secret_file_that_was_not_written_whole_is_named(own: Path, name: str, rest: str) -> None:
    (own / name).write_text(rest)
    for command in (("setup",), ("portal", "run")) if name == "secret-key" else (("portal", "run"), ("xds",)):
        code, said = _manage(own, *command)
        assert code == 1
        assert str(own / name) in said
        assert "written whole" in said
        assert "Traceback" not in said


def test_a_database_that_is_none_is_named_without_a_trace(own: Path) -> None:
    (own / "portal.sqlite3").write_bytes(b"this is no database, but long enough to look like a file of one" * 100)
    code, said = _manage(own, "setup")
    assert code == 1
    assert "cannot be used: file is not a database" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("name", ["secret-key", "encryption-keys"])
def test_a_portal_with_other_keys_than_the_first_is_told(own: Path, tmp_path: Path, name: str) -> None:
    second = Path(shutil.copytree(own, tmp_path / "second"))
    shared = {"DATABASE_URL": f"sqlite:///{own / 'portal.sqlite3'}"}
    assert _manage(second, "setup", **shared)[0] == 0
    assert _manage(second, "check", "--database", "default", **shared)[0] == 0
    before = (second / name).read_text()
    (second / name).write_text(secrets.token_urlsafe(64) if name == "secret-key" else f"{new_key()}\n")
    code, said = _manage(second, "portal", "run", **shared)
    assert code == 1
    assert "which the other portals of this database have" in said or "that the other portals of this database have" in said
    if name == "encryption-keys":  # it was the same for all, and a newer key came first
        (second / name).write_text(f"{new_key()}\n{before}")
    assert _manage(second, "setup", "--new-keys", **shared)[0] == 0
    assert _manage(second, "check", "--database", "default", **shared)[0] == 0


def test_what_is_not_there_is_not_ready(own: Path) -> None:
    for process in ("portal", "xds", "gateway"):
        code, said = _manage(own, "ready", process, "--json", PORTAL_ADDRESS="127.0.0.1:9", GATEWAY_ADDRESS="127.0.0.1:9")
        assert code == 1
        assert json.loads(said.splitlines()[0])["ready"] is False
