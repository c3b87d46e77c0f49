"""Backups: one file, made while everything runs, proven before anything is replaced."""

from __future__ import annotations

import io
import json
import stat
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django.fixtures import Settings

from apis.models import Api, Subscription
from certificates.models import CertificateVersion, ClientCertificate
from certificates.sealing import new_key
from kit.issuing import rsa_key
from portal.activity.feed import installation
from portal.activity.verification import verify
from portal.models import Activity, Event
from tests.makers import issue, make_api, make_certificate, make_subscription

pytestmark = pytest.mark.django_db(transaction=True)
PASSPHRASE = "correct horse battery staple"


@pytest.fixture
def home(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a home of its own, with keys in files."""
    ring = tmp_path / "home" / "encryption-keys"
    ring.parent.mkdir(mode=0o700)
    ring.write_text(f"{new_key()}\n")
    ring.chmod(0o600)
    settings.PORTAL_HOME, settings.ENCRYPTION_KEYS, settings.ENCRYPTION_KEYS_FILE = ring.parent, "", ring
    settings.SECRET_KEY_FILE = ring.parent / "secret-key"
    settings.SECRET_KEY_FILE.write_text("a secret key that is long enough for its purpose")
    monkeypatch.delenv("PORTAL_SECRET_KEY")
    return ring.parent


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "portal.backup"


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str, passphrase: str = PASSPHRASE
) -> dict[str, Any]:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{passphrase}\n"))
    call_command(*arguments, "--json")
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


def everything() -> tuple[object, ...]:
    """Return what tells one state from another."""
    return (
        [(version.pk, version.unseal().value, version.not_after) for version in CertificateVersion.objects.order_by("pk")],
        list(ClientCertificate.objects.order_by("pk").values()),
        list(Api.objects.order_by("pk").values()),
        list(Subscription.objects.order_by("pk").values()),
        list(User.objects.order_by("pk").values()),
    )


def test_what_was_restored_is_what_was_there(
    home: Path, file: Path, publisher: User, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_certificate()
    kept, _ = make_api("kept"), make_subscription()
    before, epoch = everything(), installation().epoch
    made = run(monkeypatch, capsys, "backup", str(file))
    assert made["secrets"] >= 2
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    kept.delete()
    make_api("added")
    make_certificate("added")
    User.objects.create_user("added")
    changed = everything()
    assert run(monkeypatch, capsys, "restore", str(file), "--verify")["restored"] is False
    assert everything() == changed

    told = run(monkeypatch, capsys, "restore", str(file))
    assert (told["restored"], told["rows"], told["change"]) == (True, made["rows"], made["change"])
    assert everything() == before
    assert installation().epoch != epoch
    assert Activity.objects.order_by("-id")[0].event == Event.DATABASE_RESTORED
    make_api("after")  # the database goes on counting
    assert verify().findings == []
    assert User.objects.create_user("after").pk > publisher.pk


def test_it_is_restored_where_there_are_other_keys(
    home: Path, file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_certificate()
    before = everything()
    old_ring, old_secret = (home / "encryption-keys").read_text(), (home / "secret-key").read_text()
    run(monkeypatch, capsys, "backup", str(file))
    (home / "encryption-keys").write_text(f"{new_key()}\n")
    new_ring = (home / "encryption-keys").read_text()
    (home / "secret-key").unlink()
    run(monkeypatch, capsys, "restore", str(file))
    assert everything() == before
    assert (home / "encryption-keys").read_text() == new_ring + old_ring
    assert (home / "secret-key").read_text() == old_secret
    assert {stat.S_IMODE((home / name).stat().st_mode) for name in ("encryption-keys", "secret-key")} == {0o600}


def test_a_key_whose_comment_has_changed_since_stays_once_in_the_ring(
    home: Path, file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_certificate("orders-client")
    ring = home / "encryption-keys"
    key = ring.read_text().strip()
    run(monkeypatch, capsys, "backup", str(file))
    ring.write_text(f"{key}  # made in May\n")
    run(monkeypatch, capsys, "restore", str(file))
    assert ring.read_text() == f"{key}  # made in May\n"
    assert CertificateVersion.objects.get().unseal()


def test_who_was_signed_in_has_to_sign_in_again(
    home: Path, file: Path, signed_in: Client, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, capsys, "backup", str(file))
    run(monkeypatch, capsys, "restore", str(file))
    assert signed_in.get("/apis/").status_code == 302


KEYS: dict[str, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey] = {
    "RSA": rsa_key(),
    "P-256": ec.generate_private_key(ec.SECP256R1()),
    "P-521": ec.generate_private_key(ec.SECP521R1()),
}


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("form", ["public key", "certificate"])
def test_the_keys_may_be_sealed_to_somebodys_public_key(
    home: Path, file: Path, tmp_path: Path, kind: str, form: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    public, private = tmp_path / "public.pem", tmp_path / "private.pem"
    if form == "certificate":
        issued = issue("keeper")
        public.write_bytes(issued.certificate.public_bytes(Encoding.PEM))
        key: PrivateKeyTypes = issued.key
    else:
        key = KEYS[kind]
        public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    run(monkeypatch, capsys, "backup", str(file), "--public-key", str(public))
    assert run(monkeypatch, capsys, "restore", str(file), "--verify", "--private-key", str(private))["rows"] > 0
    with pytest.raises(CommandError, match="private key"):
        run(monkeypatch, capsys, "restore", str(file), "--verify")


def test_no_key_can_be_read_in_the_file(
    home: Path, file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    certificate = make_certificate()
    version = certificate.current
    assert version
    key = version.unseal().value
    run(monkeypatch, capsys, "backup", str(file))
    with zipfile.ZipFile(file) as archive:
        content = b"".join(archive.read(name) for name in archive.namelist())
    for secret in ((home / "encryption-keys").read_bytes().strip(), (home / "secret-key").read_bytes(), PASSPHRASE.encode(), key):
        assert secret not in content


def _altered(file: Path, name: str, change: Any) -> None:
    with zipfile.ZipFile(file) as archive:
        members = {one: archive.read(one) for one in archive.namelist()}
    members[name] = change(members[name])
    with zipfile.ZipFile(file, "w") as archive:
        for one, content in members.items():
            archive.writestr(one, content)


def _manifest_altered(content: bytes) -> bytes:
    return content.replace(b'"line":', b'"line": 9').replace(b"9 ", b"9")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda file: file.write_bytes(file.read_bytes()[:-100]), "not written whole"),
        (lambda file: file.write_bytes(b""), "not written whole"),
        (lambda file: file.unlink(), "cannot be read"),
        (lambda file: _altered(file, "rows/apis.Api.jsonl", lambda rows: rows.replace(b"orders", b"evil00")), "altered"),
        (lambda file: _altered(file, "manifest.json", _manifest_altered), "altered"),
        (lambda file: _altered(file, "keys.sealed", lambda sealed: sealed[:-9] + b"AAAAAA" + sealed[-3:]), "do not open"),
        (lambda file: _altered(file, "rows/apis.Api.jsonl", lambda _: b"nonsense"), "damaged"),
    ],
    ids=["cut off", "empty", "missing", "rows", "manifest", "keys", "no rows"],
)
def test_a_backup_that_was_damaged_changes_nothing(
    home: Path, file: Path, damage: Any, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_api()
    run(monkeypatch, capsys, "backup", str(file))
    damage(file)
    make_api("added")
    before = everything()
    for arguments in ((), ("--verify",)):
        with pytest.raises(CommandError, match=said):
            run(monkeypatch, capsys, "restore", str(file), *arguments)
    assert everything() == before


def test_a_secret_that_does_not_open_is_found_by_the_proof(
    home: Path, file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_certificate()
    CertificateVersion.objects.update(ciphertext=b"damaged")
    run(monkeypatch, capsys, "backup", str(file))
    with pytest.raises(CommandError, match=r"certificates\.CertificateVersion .* does not open"):
        run(monkeypatch, capsys, "restore", str(file), "--verify")


def test_a_wrong_passphrase_says_so(home: Path, file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    run(monkeypatch, capsys, "backup", str(file))
    with pytest.raises(CommandError, match="passphrase or the private key is wrong"):
        run(monkeypatch, capsys, "restore", str(file), passphrase="another passphrase")
    for nothing in ("", "short"):
        with pytest.raises(CommandError, match="passphrase"):
            run(monkeypatch, capsys, "backup", str(file), passphrase=nothing)


def test_a_backup_that_cannot_be_written_leaves_the_old_one(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CommandError, match="No backup was made"):
        run(monkeypatch, capsys, "backup", str(tmp_path / "nowhere" / "file"))
    file = tmp_path / "portal.backup"
    run(monkeypatch, capsys, "backup", str(file))
    before = file.read_bytes()
    (home / "encryption-keys").unlink()
    with pytest.raises(CommandError, match="ring"):
        run(monkeypatch, capsys, "backup", str(file))
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if "portal.backup" in path.name] == ["portal.backup"]


def test_a_ring_in_the_environment_has_to_hold_what_is_needed(
    home: Path, file: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_certificate()
    run(monkeypatch, capsys, "backup", str(file))
    right = (home / "encryption-keys").read_text().strip()
    settings.ENCRYPTION_KEYS = new_key()
    with pytest.raises(CommandError, match="PORTAL_ENCRYPTION_KEYS lacks"):
        run(monkeypatch, capsys, "restore", str(file))
    settings.ENCRYPTION_KEYS = f"{settings.ENCRYPTION_KEYS},{right}"
    assert run(monkeypatch, capsys, "restore", str(file))["restored"] is True
