"""Other credentials of back ends by REST: ``credentials.header`` and ``.query`` in the published shape, and ``.oauth2`` of our own."""

from __future__ import annotations

from typing import Any

import pytest

from apis.backends.models import BackEnd
from apis.credentials.models import OAuthClient, SharedSecret
from certificates.sealing import Secret
from tests.makers import make_authority, make_certificate
from tests.rest.conftest import Wire, read
from tests.rest.test_back_ends import properties

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
URL = "https://shop.example.com"


@pytest.mark.parametrize("place", ["header", "query"])
def test_one_is_kept_and_masked_and_the_mask_keeps_it(wire: Wire, place: str) -> None:
    assert wire.put("backends/shop", {"url": URL, "credentials": {place: {"key": ["open sesame"]}}}).status_code == 201
    shown = properties(wire, "backends/shop")
    assert shown["credentials"][place] == {"key": ["***"]}
    assert wire.put("backends/shop", shown).status_code == 200
    row = SharedSecret.objects.get(back_end=BackEnd.objects.get())
    assert (row.secret_place, row.secret_name, row.unseal()) == (place, "key", Secret(b"open sesame"))


def test_a_certificate_may_stand_beside_it(wire: Wire) -> None:
    certificate = make_certificate()
    assert certificate.current is not None
    both = {"header": {"key": ["s"]}, "certificate": [certificate.current.thumbprint]}
    assert wire.put("backends/shop", {"url": URL, "credentials": both}).status_code == 201
    assert BackEnd.objects.get().certificate == certificate
    assert properties(wire, "backends/shop")["credentials"]["certificate"] == [certificate.current.thumbprint]


def test_without_credentials_it_is_forgotten(wire: Wire) -> None:
    wire.put("backends/shop", {"url": URL, "credentials": {"header": {"key": ["s"]}}})
    wire.put("backends/shop", {"url": URL})
    assert not SharedSecret.objects.exists()


@pytest.mark.parametrize(
    ("credentials", "target"),
    [
        ({"header": {"a": ["1"], "b": ["2"]}}, "credentials.header"),
        ({"header": {"a": ["1"]}, "query": {"b": ["2"]}}, "credentials.header"),
        ({"header": {"a": ["1", "2"]}}, "credentials.header"),
        ({"header": {"a": []}}, "credentials.header"),
        ({"query": {"a": [7]}}, "credentials.query"),
        ({"header": {"Host": ["h"]}}, "credentials.header"),
        ({"header": {"a": ["two\nlines"]}}, "credentials.header"),
        ({"header": {"a": ["{{key}}"]}}, "credentials.header"),
        ({"query": {"a": ["***"]}}, "credentials.query"),
        ({"query": {"{{key}}": ["1"]}}, "credentials.query"),
        ({"query": {"": ["1"]}}, "credentials.query"),
        ({"query": {"a\u202eb": ["1"]}}, "credentials.query"),
        ({"header": {"a": ["1"]}, "authorization": {"scheme": "Basic", "parameter": "dTpw"}}, "credentials.authorization"),
    ],
)
def test_what_cannot_be_sent_is_refused_by_name(wire: Wire, credentials: dict[str, Any], target: str) -> None:
    answer = wire.put("backends/shop", {"url": URL, "credentials": credentials})
    assert answer.status_code == 400
    assert target in {detail["target"] for detail in read(answer)["error"]["details"]}
    assert not BackEnd.objects.exists()


OAUTH = {"tokenEndpoint": "https://192.0.2.7/token", "clientId": "shop", "clientSecret": "open sesame", "scope": "a b"}


def test_a_client_is_kept_and_masked_and_the_mask_keeps_its_secret(wire: Wire) -> None:
    authority = make_authority("login")
    sent = OAUTH | {"trustedAuthority": authority.name, "audience": "shop"}
    assert wire.put("backends/shop", {"url": URL, "credentials": {"oauth2": sent}}).status_code == 201
    shown = properties(wire, "backends/shop")
    assert shown["credentials"]["oauth2"] == sent | {"clientAuthentication": "basic", "clientSecret": "***"}
    assert wire.put("backends/shop", shown).status_code == 200
    assert OAuthClient.objects.get().unseal() == Secret(b"open sesame")


@pytest.mark.parametrize(
    ("changes", "target"),
    [
        ({"tokenEndpoint": "http://192.0.2.7/token"}, "credentials.oauth2.tokenEndpoint"),
        ({"tokenEndpoint": "https://169.254.169.254/"}, "credentials.oauth2.tokenEndpoint"),
        ({"tokenEndpoint": "https://[::1"}, "credentials.oauth2.tokenEndpoint"),
        ({"tokenEndpoint": "https://192.0.2.7/?a=b\r\nX-Other: c"}, "credentials.oauth2.tokenEndpoint"),
        ({"tokenEndpoint": "https://192.0.2.7/?a=é"}, "credentials.oauth2.tokenEndpoint"),
        ({"tokenEndpoint": f"https://192.0.2.7/{'a' * 2000}"}, "credentials.oauth2.tokenEndpoint"),
        ({"clientId": ""}, "credentials.oauth2.clientId"),
        ({"clientId": "{{client}}"}, "credentials.oauth2.clientId"),
        ({"clientSecret": "{{word}}"}, "credentials.oauth2.clientSecret"),
        ({"scope": "a" * 1001}, "credentials.oauth2.scope"),
        ({"audience": "a" * 1001}, "credentials.oauth2.audience"),
        ({"audience": "two\nlines"}, "credentials.oauth2.audience"),
        ({"clientSecret": "***"}, "credentials.oauth2.clientSecret"),
        ({"clientSecret": "é"}, "credentials.oauth2.clientSecret"),
        ({"scope": "a  b"}, "credentials.oauth2.scope"),
        ({"clientAuthentication": "magic"}, "credentials.oauth2.clientAuthentication"),
        ({"clientAuthentication": "certificate"}, "credentials.oauth2.clientAuthentication"),
        ({"trustedAuthority": "nobody"}, "credentials.oauth2.trustedAuthority"),
    ],
)
def test_what_no_token_can_be_asked_for_with_is_refused_by_name(wire: Wire, changes: dict[str, str], target: str) -> None:
    answer = wire.put("backends/shop", {"url": URL, "credentials": {"oauth2": OAUTH | changes}})
    assert answer.status_code == 400
    assert target in {detail["target"] for detail in read(answer)["error"]["details"]}
    assert not BackEnd.objects.exists()


def test_a_mask_of_a_password_that_is_not_there_is_refused_for_what_it_is(wire: Wire) -> None:
    answer = wire.put("backends/shop", {"url": URL, "credentials": {"authorization": {"scheme": "Basic", "parameter": "***"}}})
    assert answer.status_code == 400
    assert "but none is stored" in read(answer)["error"]["details"][0]["message"]


def test_a_back_end_that_is_sent_a_secret_is_no_member_of_a_pool(wire: Wire) -> None:
    wire.put("backends/shop", {"url": URL, "credentials": {"oauth2": OAUTH}})
    answer = wire.put("backends/pool", {"type": "Pool", "pool": {"services": [{"id": "/backends/shop"}]}})
    assert answer.status_code == 400
    assert "without password, secret or token" in read(answer)["error"]["details"][0]["message"]
