"""The older, direct form: flat certificates below /management/certificates, signed with a shared access key."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.utils import timezone

from apis import actions as api_actions
from apis.models import Credentials, KeyKind
from rest import actions
from rest.models import SharedAccess
from tests.makers import issue, make_api, make_certificate
from tests.rest.conftest import Wire, read, targets

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


def sign(identifier: str, key: str, expiry: datetime) -> str:
    """Return the header as the published sample makes it."""
    moment = expiry.strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
    digest = hmac.new(key.encode(), f"{identifier}\n{moment}".encode(), hashlib.sha512).digest()
    return f"SharedAccessSignature uid={identifier}&ex={moment}&sn={base64.b64encode(digest).decode()}"


def keys_of(access: SharedAccess, user: User) -> dict[KeyKind, str]:
    shown = actions.show_access_keys(access, by=user, now=timezone.now())
    return {kind: key.value.decode() for kind, key in shown.items()}


@pytest.fixture
def access(publisher: User) -> SharedAccess:
    return actions.create_shared_access(publisher, name="older scripts", by=publisher, now=timezone.now())


@pytest.fixture
def older(access: SharedAccess, publisher: User) -> Wire:
    """Return a client of the older form. Its header takes the place of the bearer token's."""
    return Older(sign(access.identifier, keys_of(access, publisher)[KeyKind.PRIMARY], timezone.now() + timedelta(hours=1)))


class Older(Wire):
    """Signs, and sends flat entities."""

    def __init__(self, header: str) -> None:
        super().__init__("", version="2014-02-14", prefix="/management")
        self.header = header

    def request(self, method: str, path: str, body: Any = b"", /, **headers: str) -> HttpResponse:
        return super().request(method, path, body, **{"Authorization": self.header} | headers)


def test_flat_certificates_are_created_listed_read_and_deleted(older: Wire) -> None:
    body = {"data": base64.b64encode(issue("orders").pfx_file()).decode(), "password": "secret"}
    created = older.request("PUT", "certificates/orders", body)
    assert created.status_code == 201
    entity = read(older.get("certificates/orders"))
    assert set(entity) == {"id", "subject", "thumbprint", "expirationDate"}
    assert entity["id"] == "/certificates/orders"
    assert read(older.get("certificates")) == {"value": [entity], "count": 1, "nextLink": None}
    assert targets(older.delete("certificates/orders")) == ["If-Match"]
    assert older.delete("certificates/orders", If_Match='"1"').status_code == 412
    assert older.delete("certificates/orders", If_Match=older.get("certificates/orders")["ETag"]).status_code == 200
    assert older.get("certificates/orders").status_code == 404


def test_a_certificate_in_use_is_a_bad_request_here(older: Wire, publisher: User) -> None:
    chosen = api_actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=make_certificate("orders"))
    api_actions.secure_api(make_api("shop"), chosen, by=publisher, now=timezone.now())
    answer = older.delete("certificates/orders", If_Match="*")
    assert answer.status_code == 400
    assert "shop" in read(answer)["error"]["message"]


@pytest.mark.parametrize("version", ["", "2013-01-01", "2017-03-02", "2024-05-01"])
def test_the_newer_versions_are_not_served_here(version: str, older: Wire) -> None:
    older.version = version
    assert older.get("certificates").status_code == 400


@pytest.mark.parametrize("version", ["2014-02-14-preview", "2014-02-14", "2015-09-15", "2016-10-10", "2017-03-01"])
def test_the_older_versions_are_served(version: str, older: Wire) -> None:
    older.version = version
    assert older.get("certificates").status_code == 200


def test_a_signature_ends_with_its_moment_its_key_and_its_revocation(access: SharedAccess, publisher: User, older: Wire) -> None:
    keys = keys_of(access, publisher)
    later = timezone.now() + timedelta(hours=1)
    for header in (
        sign(access.identifier, keys[KeyKind.PRIMARY], timezone.now() - timedelta(seconds=1)),
        sign("somebody", keys[KeyKind.PRIMARY], later),
        sign(access.identifier, "wrong", later),
        sign(access.identifier, keys[KeyKind.PRIMARY], later).replace("&ex=2", "&ex=3"),
        sign(access.identifier, keys[KeyKind.PRIMARY], later)[:-4],
        f"SharedAccessSignature uid={access.identifier}&ex=9999-99-99T99:99:99Z&sn={'A' * 86}==",
    ):
        assert older.get("certificates", Authorization=header).status_code == 401
    second = sign(access.identifier, keys[KeyKind.SECONDARY], later)
    assert older.get("certificates", Authorization=second).status_code == 200
    actions.regenerate_access_key(access, KeyKind.SECONDARY, by=publisher, now=timezone.now())
    assert older.get("certificates", Authorization=second).status_code == 401
    assert older.get("certificates").status_code == 200
    actions.revoke(access, by=publisher, now=timezone.now())
    assert older.get("certificates").status_code == 401
