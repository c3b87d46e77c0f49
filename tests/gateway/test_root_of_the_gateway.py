"""An API with an empty suffix, from its row to a real gateway."""

from __future__ import annotations

import pytest
from django.utils import timezone

from apis import actions
from apis.models import KeyKind
from tests.gateway.backends import Backend
from tests.gateway.plant import Plant, eventually
from tests.makers import make_subscription

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_database]


def test_an_api_moves_to_the_root_and_back(plant: Plant, plain: Backend) -> None:
    key = actions.show_keys(make_subscription("all"), by=None, now=timezone.now())[KeyKind.PRIMARY].value.decode()
    service = f"http://localhost:{plain.port}/v2"
    api = actions.create_api("orders", _settings(service, "orders"), by=None, now=timezone.now())
    actions.add_operation(api, name="item", display_name="Item", method="GET", url_template="/Orders({id})", by=None, now=timezone.now())
    eventually(lambda: plant.call("/orders/Orders(1)", key=key).status == 200)
    actions.change_api(api, _settings(service, ""), by=None, now=timezone.now())
    eventually(lambda: plant.call("/Orders(2)", key=key).status == 200)
    assert plain.calls[-1].target == "/v2/Orders(2)"
    eventually(lambda: plant.call("/orders/Orders(1)", key=key).status == 404)
    assert plant.call("/Orders(2)").status == 401
    assert plant.is_ready()
    actions.change_api(api, _settings(service, "orders"), by=None, now=timezone.now())
    eventually(lambda: plant.call("/orders/Orders(1)", key=key).status == 200)
    eventually(lambda: plant.call("/Orders(2)", key=key).status == 404)
    actions.delete_api(api, by=None, now=timezone.now())
    eventually(lambda: plant.call("/orders/Orders(1)", key=key).status == 404)


def _settings(service_url: str, path: str) -> actions.ApiSettings:
    return actions.ApiSettings(display_name="Orders", service_url=service_url, path=path)
