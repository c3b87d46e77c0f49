"""Secrets of an export: left out, in files, in the environment, or encrypted; never in clear text in the configuration itself."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pyrage
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from apis import actions
from apis.models import Api, Credentials, KeyKind, Subscription
from certificates.models import ClientCertificate
from certificates.sealing import Secret
from notices.models import Channel, ChannelKind
from portal.models import Activity, Event
from rest.configuration.text import read
from tests.makers import make_api, make_certificate, make_channel, make_subscription
from tests.rest.declared.files import applied, exported, ran

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
PASSWORD = "correct horse battery staple"
HOOK = "https://hooks.example.com/services/T0/B0/xyzzy"


@pytest.fixture(autouse=True)
def configured(settings: Any) -> list[str]:
    """Store one secret of each kind, and return them."""
    settings.ALLOWED_BACKEND_NETWORKS = []
    make_certificate("client")
    basic = actions.ApiSecurity(credentials=Credentials.BASIC, username="svc", password=Secret(PASSWORD.encode()))
    actions.secure_api(make_api("orders"), basic, by=None, now=timezone.now())
    make_subscription("shop")
    make_channel("team", ChannelKind.WEBHOOK, HOOK, "signed with this")
    return [PASSWORD, HOOK, "signed with this", *_keys()]


def _keys() -> list[str]:
    return [Subscription.objects.get().keys.get(kind=kind).unseal().value.decode() for kind in KeyKind]


def _forget_everything() -> None:
    for model in (Subscription, Api, Channel):
        model.objects.all().delete()
    ClientCertificate.objects.update(current=None)
    ClientCertificate.objects.all().delete()


def _text(*options: str) -> str:
    output = io.StringIO()
    call_command("configuration", "export", *options, stdout=output)
    return output.getvalue()


def _stored() -> tuple[Any, ...]:
    url, secret = Channel.objects.get().secret.told()
    version = ClientCertificate.objects.get().current
    assert version is not None
    return Api.objects.get().basic_credentials.unseal(), _keys(), url, secret, version.thumbprint, version.unseal()


def test_without_being_asked_for_they_are_left_out(configured: list[str]) -> None:
    text = _text()
    assert not [secret for secret in configured if secret in text]
    assert "PRIVATE KEY" not in text


class TestEncrypted:
    def test_to_a_public_key_of_age_and_an_empty_portal_becomes_the_same(self, configured: list[str], tmp_path: Path) -> None:
        identity = pyrage.x25519.Identity.generate()
        (tmp_path / "key.txt").write_text(f"# created: today\n{identity}\n")
        text = _text("--secrets", "encrypted", "--recipient", str(identity.to_public()))
        assert not [secret for secret in (*configured, "PRIVATE KEY") if secret in text]
        before = _stored()
        _forget_everything()
        applied(read(text), tmp_path, "--identity", str(tmp_path / "key.txt"))
        assert _stored() == before

    def test_by_a_passphrase(self, configured: list[str], tmp_path: Path) -> None:
        (tmp_path / "words").write_text("a long passphrase\n")
        text = _text("--secrets", "encrypted", "--passphrase-file", str(tmp_path / "words"))
        assert not [secret for secret in configured if secret in text]
        assert ran("plan", read(text), tmp_path, "--passphrase-file", str(tmp_path / "words"))["changes"] == []
        (tmp_path / "words").write_text("another passphrase\n")
        with pytest.raises(CommandError, match=r"secrets: The encrypted secrets do not open"):
            ran("plan", read(text), tmp_path, "--passphrase-file", str(tmp_path / "words"))

    def test_without_what_opens_them_nothing_is_changed_and_that_is_said(self, tmp_path: Path) -> None:
        identity = pyrage.x25519.Identity.generate()
        document = exported("--secrets", "encrypted", "--recipient", str(identity.to_public()))
        with pytest.raises(CommandError, match="Give the passphrase, or the age key"):
            ran("apply", document, tmp_path)
        (tmp_path / "key.txt").write_text(str(pyrage.x25519.Identity.generate()))
        with pytest.raises(CommandError, match="do not open with what was given"):
            ran("apply", document, tmp_path, "--identity", str(tmp_path / "key.txt"))

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ([], "one of both"),
            (["--recipient", "age1nonsense"], "“age1nonsense” is no public key"),
            (["--recipient", "age1x", "--passphrase-file", "words"], "one of both"),
        ],
    )
    def test_what_cannot_encrypt_is_named(self, options: list[str], words: str) -> None:
        with pytest.raises(CommandError, match=words):
            _text("--secrets", "encrypted", *options)


def test_in_files_for_their_owner_alone(configured: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    document = exported("--secrets", "files", "--folder", "kept")
    assert document["apis"][0]["security"]["password"] == {"file": "kept/apis/orders/security/password"}
    assert (tmp_path / "kept/apis/orders/security/password").read_text() == PASSWORD
    assert {file.stat().st_mode & 0o777 for file in (tmp_path / "kept").rglob("*") if file.is_file()} == {0o600}
    before = _stored()
    _forget_everything()
    applied(document, tmp_path)
    assert _stored() == before


def test_in_the_environment_of_whoever_imports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = exported("--secrets", "environment")
    assert document["apis"][0]["security"]["password"] == {"env": "APIS_ORDERS_SECURITY_PASSWORD"}
    with pytest.raises(CommandError, match=r"key_pair\.env: The environment variable CERTIFICATES_CLIENT_KEY_PAIR is not set"):
        ran("plan", document, tmp_path)
    monkeypatch.setenv("APIS_ORDERS_SECURITY_PASSWORD", "another password")
    wanted = {"version": 1, "apis": document["apis"]}
    plan = ran("plan", wanted, tmp_path)
    assert plan["sentences"] == ["API “orders”: “Password” becomes another one."]
    applied(wanted, tmp_path)
    assert Api.objects.get().basic_credentials.unseal() == Secret(b"another password")


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"security": {"password": PASSWORD}}, r"security\.password: A secret does not stand in the file itself"),
        ({"security": {"password": {}}}, r"security\.password: A secret does not stand"),
        ({"security": {"password": {"file": "none"}}}, r"security\.password\.file: none cannot be read"),
        ({"security": {"password": {"sealed": "none"}}}, r"security\.password\.sealed: Among the encrypted secrets"),
    ],
)
def test_a_secret_that_is_not_where_it_should_be_is_named_and_not_shown(entry: Any, words: str, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=words) as refusal:
        ran("apply", {"version": 1, "apis": [{"name": "orders", **entry}]}, tmp_path)
    assert PASSWORD not in str(refusal.value)


def test_the_log_says_that_secrets_were_exported() -> None:
    _text("--secrets", "environment")
    assert Activity.objects.filter(event=Event.CONFIGURATION_EXPORTED).latest("id").details["secrets"] == "environment"
