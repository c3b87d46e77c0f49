"""Shared secrets by REST: a back end's ``credentials.header`` and ``.query``, in the published shape, and APIs' policies."""

from __future__ import annotations

from typing import Any

import pytest

from apis.backends.models import BackEnd
from apis.credentials.models import SharedSecret
from certificates.sealing import Secret
from tests.makers import make_certificate
from tests.rest.conftest import Wire, read
from tests.rest.test_back_ends import properties

pytestmark = pytest.mark.django_db
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
        ({"header": {"a": ["1"]}, "authorization": {"scheme": "Basic", "parameter": "dTpw"}}, "credentials.authorization"),
    ],
)
def test_what_cannot_be_sent_is_refused_by_name(wire: Wire, credentials: dict[str, Any], target: str) -> None:
    answer = wire.put("backends/shop", {"url": URL, "credentials": credentials})
    assert answer.status_code == 400
    assert target in {detail["target"] for detail in read(answer)["error"]["details"]}
    assert not BackEnd.objects.exists()
