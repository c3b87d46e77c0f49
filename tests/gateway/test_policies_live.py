"""Documents and named values from the saved change to the call: of all APIs, of an API, of an operation; at once, wherever they count."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from apis.actions import add_operation
from apis.models import Api, NamedValue
from apis.named_values import actions as named_values
from apis.policies.actions import put_api_document, put_operation_document, put_service_document
from certificates.sealing import Secret
from portal.activity import last_line
from tests.gateway.backends import Backend
from tests.gateway.plant import Plant, eventually
from tests.makers import make_api, make_named_value

pytestmark = pytest.mark.any_database


def _document(*headers: tuple[str, str]) -> str:
    written = "".join(f'<set-header name="{name}"><value>{value}</value></set-header>' for name, value in headers)
    return f"<policies><inbound><base />{written}</inbound></policies>"


def _stamp() -> dict[str, Any]:
    return {"by": None, "now": timezone.now()}


def _change(value: NamedValue, text: str) -> None:
    chosen = named_values.Chosen(display_name=value.display_name, value=Secret(text.encode()), secret=value.secret)
    named_values.change(value, chosen, **_stamp())


def _arrives(plant: Plant, target: str) -> dict[str, str]:
    """Return the headers of our own that a call carries, once the newest change is live."""
    eventually(lambda: plant.applied(last_line()))
    headers = dict(json.loads(plant.call(target).body)["headers"])
    return {name: value for name, value in headers.items() if name.startswith("x-of-")}


def test_documents_and_named_values_are_live_at_once(plant: Plant, plain: Backend) -> None:
    with transaction.atomic():  # the control plane reads the rows as soon as there is a line about them
        apis = [make_api(name, service_url=f"http://127.0.0.1:{plain.port}") for name in ("orders", "sales")]
        Api.objects.update(subscription_required=False)
    value = make_named_value("word", "one", secret=True)
    add_operation(apis[0], name="own", display_name="own", method="GET", url_template="/own", **_stamp())
    put_api_document(apis[0], _document(("X-Of-Api", "{{word}}")), **_stamp())
    put_operation_document(apis[0].operations.get(name="own"), _document(("X-Of-Operation", "{{word}}!")), **_stamp())
    assert _arrives(plant, "/orders/x") == {"x-of-api": "one"}
    assert _arrives(plant, "/orders/own") == {"x-of-api": "one", "x-of-operation": "one!"}
    _change(value, "two")
    assert _arrives(plant, "/orders/own") == {"x-of-api": "two", "x-of-operation": "two!"}
    put_service_document(_document(("X-Of-All", "{{word}}")), **_stamp())
    assert _arrives(plant, "/sales/x") == {"x-of-all": "two"}
    _change(value, "three")
    assert _arrives(plant, "/sales/x") == {"x-of-all": "three"}
    assert _arrives(plant, "/orders/own") == {"x-of-all": "three", "x-of-api": "three", "x-of-operation": "three!"}
    put_service_document("", **_stamp())
    assert _arrives(plant, "/sales/x") == {}


def test_an_address_that_names_a_value_leads_elsewhere_as_soon_as_the_value_does(plant: Plant, plain: Backend) -> None:
    value = make_named_value("port", "1")
    with transaction.atomic():
        make_api("orders", service_url="http://127.0.0.1:{{port}}")
        Api.objects.update(subscription_required=False)
    eventually(lambda: plant.applied(last_line()))
    assert plant.call("/orders/x").status == 502
    _change(value, str(plain.port))
    eventually(lambda: plant.applied(last_line()))
    assert plant.call("/orders/x").status == 200
