"""Clients write addresses and user names that name values, and read back what they have written."""

from __future__ import annotations

from base64 import b64encode

import pytest

from apis.backends.models import BackEnd, BackEndPassword
from apis.models import Api
from tests.makers import make_named_value
from tests.rest.conftest import Wire, read, targets

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


def test_clients_read_back_what_they_have_written(wire: Wire) -> None:
    wire.put("namedValues/stage", {"displayName": "stage", "value": "test.example.com"})
    for path, body, name in (
        ("apis/orders", {"displayName": "Orders", "path": "orders", "serviceUrl": "https://{{stage}}/v2"}, "serviceUrl"),
        ("backends/shop", {"url": "https://{{stage}}/v2/", "protocol": "http"}, "url"),
    ):
        assert wire.put(path, body).status_code == 201
        assert read(wire.get(path))["properties"][name] == body[name]
        assert wire.patch(path, {"description": "Changed"}).status_code == 200
        assert read(wire.get(path))["properties"][name] == body[name]
    assert wire.patch("namedValues/stage", {"value": "live.example.com"}).status_code == 200
    assert (Api.objects.get().service_url, BackEnd.objects.get().url) == ("https://live.example.com/v2",) * 2
    assert wire.patch("namedValues/stage", {"value": "a b"}).status_code == 400
    assert wire.delete("namedValues/stage").status_code == 409
    assert wire.put("backends/none", {"url": "https://{{nobody}}", "protocol": "http"}).status_code == 400
    sent = {"authorization": {"scheme": "Basic", "parameter": "e3tub2JvZHl9fTp4"}}  # {{nobody}}:x
    refused = wire.put("backends/none", {"url": "https://a.example.com", "protocol": "http", "credentials": sent})
    assert (refused.status_code, targets(refused)) == (400, ["credentials.authorization.parameter"])


def test_a_mask_that_is_sent_back_leaves_the_user_name_as_it_was_written(wire: Wire) -> None:
    make_named_value("user", "shop")
    basic = {"authorization": {"scheme": "Basic", "parameter": b64encode(b"{{user}}:open sesame").decode()}}
    assert wire.put("backends/shop", {"url": "https://shop.example.com", "credentials": basic}).status_code == 201
    assert wire.put("backends/shop", read(wire.get("backends/shop"))["properties"]).status_code == 200
    assert wire.patch("namedValues/user", {"value": "another"}).status_code == 200
    assert BackEndPassword.objects.get().username == "another"
