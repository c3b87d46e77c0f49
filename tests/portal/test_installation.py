"""What `manage.py setup` makes, and that it makes it once."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from pytest_django.fixtures import Settings

from certificates.sealing import KeyRing
from portal import installation


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

    assert [line.split()[0] for line in first] == ["Made", "Made", "Made", "Collected", "Made", "Everything"]
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
