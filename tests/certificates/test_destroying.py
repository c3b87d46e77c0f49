"""Destroying the private keys of old versions."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone

from certificates import actions, encryption
from certificates.models import CertificateVersion, ClientCertificate, KeyDestroyed
from certificates.rollout import keeper
from certificates.rollout.destroying import StillPresented, destroy_key
from certificates.rollout.models import Candidate, Rules
from gateway.models import Refusal
from kit.issuing import Issued, issue
from portal.models import Activity, Event
from tests.makers import make_api, make_candidate, make_certificate, make_gateway

PAGE = "/security/client-certificates/orders-client/"
FIRST, SECOND = issue("orders-client"), issue("orders-client")


def _entry() -> ClientCertificate:
    entry = make_certificate(issued=FIRST)
    return actions.replace(entry, SECOND.as_pfx(), by=None, now=timezone.now())


def _version(number: int) -> CertificateVersion:
    return CertificateVersion.objects.select_related("certificate").get(number=number)


def _send(client: Client, issued: Issued) -> int:
    return client.post(f"{PAGE}replace/", {"file": SimpleUploadedFile("a.pfx", issued.pfx_file()), "password": "secret"}).status_code


@pytest.mark.django_db
def test_a_key_is_destroyed_after_a_confirmation_and_everything_else_stays(signed_in: Client, publisher: User) -> None:
    _entry()
    assert b"Yes, destroy it" in signed_in.get(f"{PAGE}versions/1/destroy/").content
    assert _version(1).unseal().value == FIRST.key_der
    assert signed_in.post(f"{PAGE}versions/1/destroy/").headers["Location"] == PAGE
    version = _version(1)
    assert version.unseal().value == b""
    assert (version.destroyed_by, version.thumbprint, bytes(version.der)) == (publisher, FIRST.thumbprint, FIRST.der)
    line = Activity.objects.order_by("-id")[0]
    assert (line.event, line.actor, line.details["version"]) == (Event.CERTIFICATE_KEY_DESTROYED, publisher, 1)
    words = signed_in.get(PAGE).content.decode()
    assert "Key destroyed" in words
    assert "versions/1/destroy/" not in words
    assert list(encryption.damaged_rows()) == []
    with pytest.raises(KeyDestroyed):
        version.identity()


@pytest.mark.django_db
@pytest.mark.parametrize("when", ["", "try"])
def test_what_has_no_key_is_not_rolled_back_to(signed_in: Client, publisher: User, when: str) -> None:
    destroy_key(_entry(), version=1, by=publisher, now=timezone.now())
    page = signed_in.post(f"{PAGE}roll-back/", {"version": "1", "when": when})
    assert page.status_code == 409
    assert "The private key of version 1 was destroyed" in page.content.decode()
    assert ClientCertificate.objects.get().current == _version(2)


@pytest.mark.django_db
def test_whoever_still_has_the_file_brings_the_key_back(signed_in: Client) -> None:
    destroy_key(_entry(), version=1, by=None, now=timezone.now())
    assert _send(signed_in, FIRST) == 303
    version = _version(1)
    assert ClientCertificate.objects.get().current == version
    assert (version.destroyed_at, version.unseal().value) == (None, FIRST.key_der)
    assert CertificateVersion.objects.count() == 2


@pytest.mark.django_db
def test_the_key_of_what_is_presented_stays(signed_in: Client) -> None:
    entry = _entry()
    assert signed_in.post(f"{PAGE}versions/2/destroy/").status_code == 409
    Refusal.objects.create(gateway=make_gateway(), api=make_api(), reason="no", presents=_version(1), since=timezone.now())
    page = signed_in.post(f"{PAGE}versions/1/destroy/")
    assert page.status_code == 409
    assert "stands in where a gateway refuses the current one" in page.content.decode()
    with pytest.raises(StillPresented):
        destroy_key(entry, version=1, by=None, now=timezone.now())
    assert _version(1).unseal().value == FIRST.key_der


@pytest.mark.django_db
def test_a_candidate_of_the_same_key_goes_with_it(signed_in: Client) -> None:
    _entry()
    signed_in.post(f"{PAGE}roll-back/", {"version": "1", "when": "try"})
    signed_in.post(f"{PAGE}versions/1/destroy/")
    assert not Candidate.objects.exists()


@pytest.mark.django_db
def test_the_page_says_until_when_a_version_was_presented(signed_in: Client) -> None:
    _entry()
    assert _version(1).current_until is not None
    assert _version(2).current_until is None
    signed_in.post(f"{PAGE}roll-back/", {"version": "1"})
    assert _version(1).current_until is None
    assert _version(2).current_until is not None
    assert "Last presented" in signed_in.get(PAGE).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(("quiet_days", "destroyed"), [(8, True), (6, False)])
def test_a_rule_destroys_after_so_many_quiet_days(signed_in: Client, quiet_days: int, *, destroyed: bool) -> None:
    entry = _entry()
    assert signed_in.post(f"{PAGE}rules/", {"sources": "tried", "destroy_after_days": "7"}).status_code == 303
    assert Rules.objects.get().destroy_after_days == 7
    CertificateVersion.objects.filter(number=1).update(current_until=timezone.now() - timedelta(days=quiet_days))
    keeper.Switches().step()
    assert bool(_version(1).destroyed_at) is destroyed
    assert _version(2).destroyed_at is None
    assert entry.versions.count() == 2


@pytest.mark.django_db
def test_a_rule_spares_the_version_that_is_to_be_gone_back_to(signed_in: Client) -> None:
    _entry()
    signed_in.post(f"{PAGE}rules/", {"sources": "tried", "destroy_after_days": "7"})
    CertificateVersion.objects.filter(number=1).update(current_until=timezone.now() - timedelta(days=8))
    signed_in.post(f"{PAGE}roll-back/", {"version": "1", "when": "try"})
    keeper.Switches().step()
    assert (_version(1).destroyed_at, Candidate.objects.count()) == (None, 1)
    Candidate.objects.all().delete()
    keeper.Switches().step()
    assert _version(1).destroyed_at


@pytest.mark.django_db
def test_whoever_may_only_look_destroys_nothing(client: Client, viewer: User) -> None:
    _entry()
    client.force_login(viewer)
    assert client.post(f"{PAGE}versions/1/destroy/").status_code == 403
    assert _version(1).unseal().value == FIRST.key_der


@pytest.mark.django_db(transaction=True)
def test_no_byte_of_a_destroyed_key_is_left_in_the_rows_nor_in_the_files_of_sqlite() -> None:
    entry = _entry()
    make_candidate(entry)
    old = [bytes(row.ciphertext) for row in (_version(1), Candidate.objects.get())]
    files = [Path(f"{connection.settings_dict['NAME']}{suffix}") for suffix in ("", "-wal")]

    def left() -> list[bool]:
        stored = [bytes(row.ciphertext) for model in (CertificateVersion, Candidate) for row in model.objects.all()]
        if connection.vendor == "sqlite":
            stored += [file.read_bytes() for file in files if file.exists()]
        return [any(one in content for content in stored) for one in old]

    assert left() == [True, True]
    Candidate.objects.all().delete()
    destroy_key(entry, version=1, by=None, now=timezone.now())
    assert left() == [False, False]
