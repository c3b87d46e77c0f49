"""Certificates by ACME from a real authority: ordered, proven, renewed in time, and what goes wrong in words."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.x509 import load_der_x509_certificate
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from certificates.models import CertificateVersion, ClientCertificate
from certificates.sources import actions
from certificates.sources.acme.keeper import AcmeKeeper
from certificates.sources.acme.proofs import PATH, ByDns
from certificates.sources.models import AcmeAccount, AcmeProof, Source
from certificates.sources.standing import failing
from certificates.sources.trouble import Trouble
from certificates.sources.watched import WatchedPlace
from portal.models import Activity, Event
from tests.certificates.sources.authority import BINDING_KEY, KEY_IDENTIFIER, NOBODY, Authority
from tests.makers import issue, make_certificate
from tests.rest.conftest import Wire, read, token_for
from tests.types import Page

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_database]
LIST = "/security/client-certificates/"
ORDER = f"{LIST}request/acme/"


def order(client: Client, directory: str, **values: str) -> Page:
    """Send the form."""
    asked = {"name": "orders", "directory": directory, "names": "127.0.0.1", "challenge": "http-01", "key": "ec-p256"}
    return client.post(ORDER, {**asked, "email": "ops@example.com", **values})


def ordered(client: Client, authority: Authority) -> Source:
    answer = order(client, authority.directory)
    assert answer.status_code == 303, answer.content.decode()
    return Source.objects.get()


def current() -> CertificateVersion:
    version = ClientCertificate.objects.select_related("current").get(name="orders").current
    assert version is not None
    return version


def complaint(page: Page, field: str) -> str:
    assert page.status_code == 422
    return str(page.context["form"].errors[field][0])


def test_a_certificate_is_ordered_with_a_key_made_here(signed_in: Client, publisher: User, authority: Authority) -> None:
    source = ordered(signed_in, authority)
    version = current()
    load_der_x509_certificate(bytes(version.der)).verify_directly_issued_by(authority.root.certificate)
    assert [str(name) for name in version.path[0].alternative_names] == ["127.0.0.1"]
    assert version.key_type == "P-256"
    assert source.due_at is not None
    assert timedelta(days=18) < source.due_at - timezone.now() < timedelta(days=22)
    assert not AcmeProof.objects.exists()
    page = signed_in.get(f"{LIST}orders/").content.decode()
    assert authority.directory in page
    assert "Next renewal" in page
    assert "PRIVATE KEY" not in page
    line = Activity.objects.get(event=Event.CERTIFICATE_UPLOADED)
    assert (line.actor, line.details["source"]) == (publisher, "acme")


def test_a_script_orders_by_rest_and_nothing_of_the_accounts_key_comes_back(publisher: User, authority: Authority) -> None:
    wire = Wire(token_for(publisher))
    asked = {"kind": "acme", "directory": authority.directory, "names": ["127.0.0.1"], "key": "ec-p256", "email": "ops@example.com"}
    made = wire.put("certificates/orders/source", {**asked, "accountIdentifier": KEY_IDENTIFIER, "accountKey": BINDING_KEY})
    assert made.status_code == 201, made.content
    assert read(made)["properties"]["settings"]["names"] == ["127.0.0.1"]
    assert BINDING_KEY not in made.content.decode()
    assert current().key_type == "P-256"
    assert wire.put("certificates/orders/source", asked).status_code == 200
    assert current().number == 2


def test_an_entry_that_is_there_orders_its_next_version(signed_in: Client, authority: Authority) -> None:
    make_certificate("orders", issue("orders", hosts=("orders.example.com",)))
    page = signed_in.get(f"{ORDER}?name=orders")
    assert page.context["form"].initial == {"name": "orders", "names": "orders.example.com"}
    ordered(signed_in, authority)
    assert current().number == 2


def test_it_is_renewed_when_it_is_due_with_a_new_key_and_the_same_account(signed_in: Client, authority: Authority) -> None:
    ordered(signed_in, authority)
    before, key, account = current(), current().unseal(), AcmeAccount.objects.get().unseal()
    AcmeKeeper().step()
    assert current() == before
    Source.objects.update(due_at=timezone.now())
    AcmeKeeper().step()
    assert (current().number, current().unseal() == key) == (2, False)
    assert AcmeAccount.objects.get().unseal() == account
    source = Source.objects.get()
    assert source.due_at is not None
    assert source.due_at > timezone.now() + timedelta(days=18)
    line = Activity.objects.get(event=Event.CERTIFICATE_REPLACED)
    assert (line.actor, line.details["source"]) == (None, "acme")


def test_the_authority_is_asked_when_it_wants_a_renewal(signed_in: Client, authority: Authority) -> None:
    ordered(signed_in, authority)
    Source.objects.update(due_at=timezone.now() + timedelta(days=300))
    AcmeKeeper().step()
    source = Source.objects.get()
    assert source.due_at is not None
    assert source.ask_at is not None
    assert timezone.now() + timedelta(hours=1) < source.due_at < current().not_after
    assert source.ask_at > timezone.now()


def test_what_another_process_has_hold_of_is_left_alone(signed_in: Client, authority: Authority) -> None:
    ordered(signed_in, authority)
    Source.objects.update(due_at=timezone.now(), holder="another", held_until=timezone.now() + timedelta(minutes=1))
    AcmeKeeper().step()
    assert current().number == 1


def test_a_renewal_that_fails_is_red_and_tried_again_later(signed_in: Client, authority: Authority) -> None:
    source = ordered(signed_in, authority)
    Source.objects.update(due_at=timezone.now(), ask_at=None, settings={**source.settings, "directory": NOBODY})
    AcmeKeeper().step()
    failed = failing().get()
    assert failed.trouble == f"The authority at {NOBODY} cannot be reached (ConnectionError)."
    assert failed.due_at is not None
    assert timedelta(minutes=4) < failed.due_at - timezone.now() < timedelta(minutes=6)
    assert failed.trouble in signed_in.get(f"{LIST}orders/").content.decode().replace("&#x27;", "'")
    assert current().number == 1
    Source.objects.update(due_at=timezone.now(), settings=source.settings)
    AcmeKeeper().step()
    assert current().number == 2
    assert not failing().exists()


def test_what_the_authority_has_against_it_is_said_and_nothing_is_stored(signed_in: Client, authority: Authority) -> None:
    assert "cannot be reached" in complaint(order(signed_in, NOBODY), "directory")
    assert "Contact information is missing" in complaint(order(signed_in, authority.directory, email=""), "directory")
    unproven = complaint(order(signed_in, authority.directory, names="127.0.0.1 127.0.0.9"), "directory")
    assert "127.0.0.9" in unproven
    assert not ClientCertificate.objects.exists()
    assert not AcmeProof.objects.exists()


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"names": ""}, "names", "This field is required."),
        ({"names": "a..b"}, "names", "is no host name"),
        ({"names": "ops@example.com"}, "names", "neither a host name nor an IP address"),
        ({"challenge": "dns-01"}, "challenge", "Select a valid choice."),
        ({"directory": "https://elsewhere.example/directory"}, "directory", "Select a valid choice."),
        ({"binding": "me"}, "binding_key", "enter both, or neither"),
        ({"binding_key": "c2VjcmV0"}, "binding", "enter both, or neither"),
        ({"binding_key": "not base64!"}, "binding_key", "This is not base64."),
    ],
)
def test_what_cannot_be_ordered_is_refused_at_its_field(
    signed_in: Client, settings: Settings, values: dict[str, str], field: str, words: str
) -> None:
    settings.ACME_DIRECTORIES = [NOBODY]
    page = order(signed_in, **{"directory": NOBODY, **values})
    assert words in complaint(page, field)
    assert values.get("binding_key", "nothing") not in page.content.decode()


def test_an_account_is_bound_to_one_that_the_authority_knows(signed_in: Client, settings: Settings, tmp_path: Path) -> None:
    with Authority(tmp_path, binding=True) as authority:
        settings.ACME_DIRECTORIES = [authority.directory]
        assert "enter the identifier and the key" in complaint(order(signed_in, authority.directory), "binding")
        wrong = order(signed_in, authority.directory, binding=KEY_IDENTIFIER, binding_key=BINDING_KEY[::-1])
        assert "has not issued the certificate" in complaint(wrong, "directory")
        assert order(signed_in, authority.directory, binding=KEY_IDENTIFIER, binding_key=BINDING_KEY).status_code == 303
        Source.objects.update(due_at=timezone.now(), ask_at=None)
        AcmeKeeper().step()
    assert current().number == 2


def test_a_watched_place_takes_the_place_of_an_order_with_its_account(signed_in: Client, authority: Authority, tmp_path: Path) -> None:
    ordered(signed_in, authority)
    renewed = issue("orders")
    (tmp_path / "orders.pem").write_text(renewed.pem + renewed.key_pem)
    place = WatchedPlace.of({"path": str(tmp_path / "orders.pem")}, (tmp_path,))
    actions.watch(ClientCertificate, place, name="orders", by=None, now=timezone.now())
    assert not AcmeAccount.objects.exists()
    assert Source.objects.get().due_at is None


def test_proofs_are_answered_whatever_the_host(client: Client) -> None:
    AcmeProof.objects.create(token="a-token", validation="a-token.thumbprint", made_at=timezone.now())
    answer = client.get(f"{PATH}a-token", headers={"host": "orders.example.com"})
    assert (answer.status_code, answer.content) == (200, b"a-token.thumbprint")
    assert client.get(f"{PATH}another").status_code == 404
    assert client.post(f"{PATH}a-token").status_code == 404


def test_the_program_of_the_operator_writes_dns_records(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    hook = tmp_path / "hook"
    hook.write_text(f'#!/bin/sh\necho "$@ ${{PORTAL_SECRET_KEY:-no secret}}" >> {tmp_path}/said\n')
    hook.chmod(0o700)
    settings.ACME_DNS_HOOK = str(hook)
    assert "PORTAL_SECRET_KEY" in os.environ
    ByDns().show("*.example.com", "token", "value")
    ByDns().withdraw("*.example.com", "token", "value")
    said = (tmp_path / "said").read_text().splitlines()
    assert said == ["add _acme-challenge.example.com value no secret", "remove _acme-challenge.example.com value no secret"]


@pytest.mark.parametrize(("program", "words"), [("#!/bin/sh\necho no zone >&2; exit 3\n", "no zone"), ("", "Exec format error")])
def test_a_program_that_fails_is_said(tmp_path: Path, settings: Settings, program: str, words: str) -> None:
    hook = tmp_path / "hook"
    hook.write_text(program)
    hook.chmod(0o700)
    settings.ACME_DNS_HOOK = str(hook)
    with pytest.raises(Trouble) as trouble:
        ByDns().show("example.com", "token", "value")
    assert words in str(trouble.value)
