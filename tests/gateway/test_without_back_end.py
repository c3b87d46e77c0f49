"""An API without a Web service URL is there, refuses its calls with a sentence, and serves them as soon as it has one."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from apis import actions
from apis.models import Api, KeyKind
from portal.activity import last_line
from tests.gateway.backends import Backend
from tests.gateway.plant import Plant, eventually
from tests.makers import make_subscription
from tests.rest.conftest import Wire, token_for


@pytest.mark.any_database
@pytest.mark.django_db(transaction=True)
def test_calls_are_refused_with_a_sentence_until_there_is_a_back_end(plant: Plant, plain: Backend, publisher: User) -> None:
    wire = Wire(token_for(publisher))
    assert wire.put("apis/orders", {"displayName": "Orders", "path": "orders"}).status_code == 201
    wire.put("apis/orders/operations/all", {"displayName": "All", "method": "*", "urlTemplate": "/*"})
    key = make_subscription("all").keys.get(kind=KeyKind.PRIMARY).unseal().value.decode()
    line = last_line()
    eventually(lambda: plant.applied(line))
    assert plant.call("/orders/x").status == 401
    answer = plant.call("/orders/x", key=key)
    assert (answer.status, answer.message) == (502, "This API has no back end yet: its Web service URL is not set.")
    chosen = actions.ApiSettings(display_name="Orders", service_url=f"http://127.0.0.1:{plain.port}", path="orders")
    actions.change_api(Api.objects.get(), chosen, by=None, now=timezone.now())
    line = last_line()
    eventually(lambda: plant.applied(line))
    assert plant.call("/orders/x", key=key).status == 200
