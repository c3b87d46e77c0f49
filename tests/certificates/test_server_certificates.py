"""Server certificates: entries of the same kind, judged as what a server shows."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from apis import actions as api_actions
from certificates import actions
from certificates.facts import Facts
from certificates.judgement import DoubtKind, Purpose, doubts_of
from certificates.models import ClientCertificate, ServerCertificate
from kit.issuing import Issued, issue
from portal.models import Event
from tests.certificates import odd
from tests.makers import lines, make_api, make_certificate, make_server_certificate

pytestmark = pytest.mark.django_db
PAGES = "/security/server-certificates/"
SHOP = issue("shop", by=issue("root", authority=True), hosts=("shop.example.com", "*.shop.example.com", "192.0.2.1"))


def _send(client: Client, address: str, issued: Issued, **more: str) -> int:
    file = SimpleUploadedFile("server.pfx", issued.pfx_file())
    return client.post(PAGES + address, {"file": file, "password": "secret", **more}).status_code


def test_one_is_uploaded_shown_replaced_rolled_back_and_deleted(signed_in: Client, publisher: User) -> None:
    assert _send(signed_in, "upload/", SHOP) == 303
    entry = ServerCertificate.objects.get()
    page = signed_in.get(f"{PAGES}shop/").content.decode()
    assert "*.shop.example.com" in page
    assert SHOP.thumbprint in page
    renewed = issue("renewed", hosts=("shop.example.com",))
    assert _send(signed_in, "shop/replace/", renewed) == 303
    entry.refresh_from_db()
    assert entry.current
    assert entry.current.thumbprint == renewed.thumbprint
    assert signed_in.post(f"{PAGES}shop/roll-back/", {"version": "1"}).status_code == 303
    assert signed_in.post(f"{PAGES}shop/delete/").status_code == 303
    assert not ServerCertificate.objects.exists()
    events = [line.event for line in lines()]
    assert events == [
        Event.SERVER_CERTIFICATE_UPLOADED,
        Event.SERVER_CERTIFICATE_REPLACED,
        Event.SERVER_CERTIFICATE_ROLLED_BACK,
        Event.SERVER_CERTIFICATE_DELETED,
    ]


def test_kinds_know_nothing_of_each_other(signed_in: Client) -> None:
    make_certificate("shop", SHOP)
    assert _send(signed_in, "upload/", SHOP, name="shop") == 303, "the same file, under the same name"
    assert ClientCertificate.objects.count() == ServerCertificate.objects.count() == 1
    assert _send(signed_in, "upload/", SHOP, name="again") == 422
    assert signed_in.get("/security/client-certificates/shop/").status_code == 200
    actions.delete(ClientCertificate.objects.get(), by=None, now=timezone.now())
    assert signed_in.get("/security/client-certificates/shop/").status_code == 404
    assert signed_in.get(f"{PAGES}shop/").status_code == 200


def test_viewers_see_them_and_change_nothing(client: Client, viewer: User) -> None:
    make_server_certificate("shop", SHOP)
    client.force_login(viewer)
    assert client.get(f"{PAGES}shop/").status_code == 200
    assert client.post(f"{PAGES}shop/delete/").status_code == 403
    assert _send(client, "upload/", issue("other")) == 403


def test_one_that_apis_depend_on_is_not_deleted(signed_in: Client) -> None:
    shop = make_server_certificate("shop", SHOP)
    api = make_api("orders")
    api_actions.change_callers(api, api_actions.ApiCallers(hosts=("eu.shop.example.com",)), by=None, now=timezone.now())
    refused = signed_in.post(f"{PAGES}shop/delete/")
    assert refused.status_code == 409
    assert "Orders" in refused.content.decode()
    with pytest.raises(actions.InUse):
        actions.delete(shop, by=None, now=timezone.now())
    make_server_certificate("another", issue("another", hosts=("eu.shop.example.com",)))
    assert signed_in.post(f"{PAGES}shop/delete/").status_code == 303


@pytest.mark.parametrize(
    ("issued", "expected"),
    [
        (SHOP, []),
        (issue("shop.example.com"), [DoubtKind.NO_NAMES]),
        (issue("address", hosts=("192.0.2.1",)), []),
        (
            issue("old", hosts=("a.example.com",), not_after=datetime(2026, 1, 2, tzinfo=UTC), not_before=datetime(2026, 1, 1, tzinfo=UTC)),
            [DoubtKind.EXPIRED],
        ),
    ],
)
def test_it_is_judged_as_what_a_server_shows(issued: Issued, expected: list[DoubtKind]) -> None:
    path = [Facts.of(issued.der)]
    assert [doubt.kind for doubt in doubts_of(path, Purpose.SERVER, now=datetime.now(UTC))] == expected


def test_a_purpose_that_is_not_a_servers_is_told() -> None:
    for purpose, expected in ((odd.CLIENT_AUTH, [DoubtKind.WRONG_PURPOSE]), (odd.SERVER_AUTH, [])):
        facts = Facts.of(odd.odd(extensions=(odd.purposes(purpose),)).der)
        found = [doubt.kind for doubt in doubts_of([facts], Purpose.SERVER, now=datetime(2026, 11, 26, tzinfo=UTC))]
        assert found == [*expected, DoubtKind.NO_NAMES]
