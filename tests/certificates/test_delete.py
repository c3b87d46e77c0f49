"""Deleting a certificate."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from apis import actions as api_actions
from apis.models import Api, Credentials
from certificates import actions
from certificates.models import CertificateVersion, ClientCertificate
from certificates.rollout import actions as rollout
from certificates.rollout.models import Candidate, Receipt
from certificates.sources.models import Source, SourceKind
from portal.models import Activity, Event
from tests.makers import issue, make_api, make_certificate

pytestmark = pytest.mark.django_db
PAGE = "/security/client-certificates/orders-client/delete/"


@pytest.fixture
def in_use(db: None) -> ClientCertificate:
    """Store a certificate that two APIs present."""
    certificate = make_certificate()
    chosen = api_actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=certificate)
    for name in ("orders", "returns"):
        api_actions.secure_api(make_api(name), chosen, by=None, now=timezone.now())
    return certificate


def test_it_asks_first(signed_in: Client) -> None:
    make_certificate()
    page = signed_in.get(PAGE)
    assert page.status_code == 200
    assert b"Yes, delete it" in page.content
    assert ClientCertificate.objects.exists()


def test_a_confirmed_deletion_takes_every_version_along(signed_in: Client, publisher: User) -> None:
    make_certificate()
    answer = signed_in.post(PAGE)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/security/client-certificates/")
    assert not ClientCertificate.objects.exists()
    assert not CertificateVersion.objects.exists()
    line = Activity.objects.order_by("-id")[0]
    assert (line.event, line.actor, line.subject_name) == (Event.CERTIFICATE_DELETED, publisher, "orders-client")
    assert b"orders-client was deleted." in signed_in.get(answer.headers["Location"]).content
    assert signed_in.post(PAGE).status_code == 404


def test_a_certificate_in_use_stays_and_the_page_links_each_api(signed_in: Client, in_use: ClientCertificate) -> None:
    for page, status in ((signed_in.get(PAGE), 200), (signed_in.post(PAGE), 409)):
        assert page.status_code == status
        text = page.content.decode()
        assert "Remove it there first" in text
        assert "Nothing has been deleted" in text
        assert 'href="/apis/orders/security/"' in text
        assert 'href="/apis/returns/security/"' in text
        assert "Yes, delete it" not in text
    assert ClientCertificate.objects.filter(pk=in_use.pk).exists()
    assert not Activity.objects.filter(event=Event.CERTIFICATE_DELETED).exists()


def test_removed_from_its_apis_it_is_deleted(signed_in: Client, in_use: ClientCertificate) -> None:
    for api in Api.objects.all():
        api_actions.secure_api(api, api_actions.ApiSecurity(credentials=Credentials.NONE), by=None, now=timezone.now())
    assert signed_in.post(PAGE).status_code == 303
    assert not ClientCertificate.objects.exists()


def test_the_database_refuses_too(in_use: ClientCertificate) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        _delete_past_django(in_use)


def _delete_past_django(certificate: ClientCertificate) -> None:
    """Delete the row as somebody with a database shell would."""
    ClientCertificate.objects.filter(pk=certificate.pk)._raw_delete("default")  # noqa: SLF001
    connection.check_constraints()


def test_a_viewer_may_not_delete(client: Client, viewer: User) -> None:
    make_certificate()
    client.force_login(viewer)
    assert client.get(PAGE).status_code == 403
    assert client.post(PAGE).status_code == 403
    assert ClientCertificate.objects.exists()


def test_it_says_what_goes_with_the_versions(signed_in: Client) -> None:
    entry, now = make_certificate(), timezone.now()
    assert "With it go" not in signed_in.get(PAGE).content.decode()
    actions.replace(entry, issue("orders-client").as_pfx(), by=None, now=now)
    candidate = rollout.propose(entry, issue("orders-client").as_pfx(), by=None, now=now)
    Source.objects.create(certificate_id=entry.pk, kind=SourceKind.WATCHED, settings={"path": "/watched/orders"})
    words = signed_in.get(PAGE).content.decode()
    for told in ("1 receipt of a switch", f"The new version … {candidate.last_four}", "/watched/orders"):
        assert told in words
    assert signed_in.post(PAGE).status_code == 303
    assert not any(model.objects.exists() for model in (Candidate, Source, Receipt))
