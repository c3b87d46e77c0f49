"""``manage.py certificates replace``: pipelines bring new versions, judged as uploads are."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from apis.actions import ApiSecurity, secure_api
from apis.models import Credentials
from certificates.models import ClientCertificate, ServerCertificate
from certificates.rollout.actions import set_rules
from portal.models import Activity, Event
from tests.makers import issue, make_api, make_certificate, make_server_certificate

pytestmark = pytest.mark.django_db
FIRST, SECOND = issue("orders"), issue("orders")


def run(*arguments: str | Path) -> dict[str, Any]:
    """Run the command and return its answer."""
    out = io.StringIO()
    call_command("certificates", "replace", *map(str, arguments), "--json", stdout=out, stderr=io.StringIO())
    answer: dict[str, Any] = json.loads(out.getvalue())
    return answer


def refusal(*arguments: str | Path) -> str:
    with pytest.raises(CommandError) as refused:
        run(*arguments)
    return str(refused.value)


def versions(name: str = "orders") -> list[str]:
    return list(ClientCertificate.objects.get(name=name).versions.order_by("number").values_list("thumbprint", flat=True))


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Return a folder with the second certificate in several forms."""
    make_certificate("orders", FIRST)
    (tmp_path / "orders.pfx").write_bytes(SECOND.pfx_file("a secret "))
    (tmp_path / "password").write_text("a secret \n")
    (tmp_path / "orders.crt").write_text(SECOND.pem)
    (tmp_path / "orders.key").write_text(SECOND.key_pem)
    return tmp_path


def test_a_pfx_file_becomes_the_next_version_and_the_log_says_by_what(files: Path) -> None:
    answer = run("Orders", files / "orders.pfx", "--password-file", files / "password")
    assert answer == {
        "certificate": "orders",
        "version": 2,
        "thumbprint": SECOND.thumbprint,
        "changed": True,
        "waits": False,
        "warnings": [],
    }
    assert versions() == [FIRST.thumbprint, SECOND.thumbprint]
    line = Activity.objects.get(event=Event.CERTIFICATE_REPLACED)
    assert (line.actor, line.details["source"]) == (None, "command")


def test_the_log_names_who_was_named(files: Path, publisher: User) -> None:
    run("orders", files / "orders.crt", files / "orders.key", "--user", publisher.username)
    assert Activity.objects.get(event=Event.CERTIFICATE_REPLACED).actor == publisher
    assert refusal("orders", files / "orders.crt", "--user", "nobody") == "There is no active user nobody."


def test_again_with_the_same_file_nothing_changes(files: Path) -> None:
    for changed in (True, False, False):
        assert run("orders", files / "orders.crt", files / "orders.key")["changed"] is changed
    assert versions() == [FIRST.thumbprint, SECOND.thumbprint]
    assert Activity.objects.filter(event=Event.CERTIFICATE_REPLACED).count() == 1


def test_an_earlier_version_becomes_current_again(files: Path) -> None:
    run("orders", files / "orders.crt", files / "orders.key")
    (files / "first.pem").write_text(FIRST.pem + FIRST.key_pem)
    assert run("orders", files / "first.pem")["version"] == 1


def test_the_password_comes_by_standard_input(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"a secret ")))
    assert run("orders", files / "orders.pfx", "--password-file", "-")["version"] == 2


def test_server_certificates_are_replaced_as_well(tmp_path: Path) -> None:
    make_server_certificate("api.example.com")
    renewed = issue("api.example.com", hosts=("api.example.com",))
    (tmp_path / "api.pem").write_text(renewed.pem + renewed.key_pem)
    assert run("api.example.com", tmp_path / "api.pem", "--server")["version"] == 2
    assert ServerCertificate.objects.get().versions.count() == 2


def test_what_the_other_side_may_refuse_is_told(files: Path) -> None:
    server_only = issue("orders", purpose=ExtendedKeyUsageOID.SERVER_AUTH)
    (files / "server.pem").write_text(server_only.pem + server_only.key_pem)
    (warning,) = run("orders", files / "server.pem")["warnings"]
    assert "clientAuth" in warning


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("billing", "orders.pfx"), "There is no client certificate named billing."),
        (("orders", "none.pfx"), "cannot be read: No such file or directory."),
        (("orders", "orders.pfx"), "orders.pfx: The password is not correct for this file."),
        (("orders", "orders.pfx", "--password-file", "orders.crt"), "orders.crt: The password is not correct for this file."),
        (("orders", "orders.crt"), "orders.crt: The file holds no private key."),
        (("orders", "-", "--password-file", "-"), "Standard input can be read once"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_a_sentence(
    files: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], words: str
) -> None:
    monkeypatch.chdir(files)
    assert words in refusal(*arguments)
    assert versions() == [FIRST.thumbprint]


def test_what_another_entry_holds_is_refused(files: Path) -> None:
    make_certificate("billing", SECOND)
    assert "already uploaded as billing" in refusal("orders", files / "orders.crt", files / "orders.key")


def test_it_says_that_another_person_has_to_confirm(files: Path) -> None:
    set_rules(ClientCertificate.objects.get(), {"another_person": True}, by=None, now=timezone.now())
    for _ in range(2):
        answer = run("orders", files / "orders.crt", files / "orders.key")
        assert (answer["version"], answer["changed"], answer["waits"]) == (1, False, True)
    out = io.StringIO()
    call_command("certificates", "replace", "orders", str(files / "orders.crt"), str(files / "orders.key"), stdout=out)
    assert "version 1" in out.getvalue()
    assert "stays current until another person has confirmed" in out.getvalue()


def test_it_says_that_a_canary_presents_it_first_and_again_it_changes_nothing(files: Path) -> None:
    entry = ClientCertificate.objects.get()
    secure_api(make_api("first"), ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=entry), by=None, now=timezone.now())
    set_rules(entry, {"canary": "first"}, by=None, now=timezone.now())
    for _ in range(2):
        answer = run("orders", files / "orders.crt", files / "orders.key")
        assert (answer["version"], answer["changed"], answer["waits"], answer["canary"]) == (1, False, False, "first")
    out = io.StringIO()
    call_command("certificates", "replace", "orders", str(files / "orders.crt"), str(files / "orders.key"), stdout=out)
    assert "stays current until the API first" in out.getvalue()
    assert Activity.objects.filter(event=Event.CERTIFICATE_CANARY_BEGAN).count() == 1
