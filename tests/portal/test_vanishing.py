"""What somebody else deletes while one is at it: the answer says that there is nothing here, and nothing is half done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client

from apis.models import Api, Operation, Subscription
from certificates.models import ClientCertificate
from gateway.models import Gateway
from portal.models import Activity
from tests.makers import issue, make_api, make_certificate, make_gateway, make_subscription

ROLL_BACK = "/security/client-certificates/orders-client/roll-back/"
DELETE_CERTIFICATE = "/security/client-certificates/orders-client/delete/"
REPLACE = "/security/client-certificates/orders-client/replace/"


def _forms() -> list[Any]:
    forms: list[tuple[type[Any], str, dict[str, Any]]] = [
        (ClientCertificate, ROLL_BACK, {"version": "1"}),
        (ClientCertificate, DELETE_CERTIFICATE, {}),
        (Api, "/apis/orders/delete/", {}),
        (Api, "/apis/orders/security/", {"credentials": "none"}),
        (Api, "/apis/orders/operations/new/", {"method": "GET", "url_template": "/x"}),
        (Operation, "/apis/orders/operations/everything/", {"method": "GET", "url_template": "/x"}),
        (Operation, "/apis/orders/operations/everything/delete/", {}),
        (Subscription, "/subscriptions/all/keys/", {}),
        (Subscription, "/subscriptions/all/regenerate/", {"key": "primary"}),
        (Subscription, "/subscriptions/all/suspend/", {}),
        (Subscription, "/subscriptions/all/activate/", {}),
        (Subscription, "/subscriptions/all/delete/", {}),
        (Gateway, "/gateways/gateway-1/remove/", {}),
    ]
    return [pytest.param(*form, id=form[1]) for form in forms]


@pytest.mark.parametrize(("model", "address", "sent"), _forms())
def test_a_form_about_what_is_just_being_deleted_finds_nothing(
    client: Client, administrator: User, monkeypatch: pytest.MonkeyPatch, model: type[Any], address: str, sent: dict[str, Any]
) -> None:
    make_certificate("orders-client", issue("orders-client"))
    make_api("orders")
    make_subscription("all")
    make_gateway("gateway-1")
    client.force_login(administrator)
    lines = Activity.objects.count()
    monkeypatch.setattr("django.db.models.query.QuerySet.select_for_update", _after_deleting(model))
    assert client.post(address, sent).status_code == 404
    assert Activity.objects.count() == lines


def _after_deleting(model: type[Any]) -> Callable[..., Any]:
    """Return a ``select_for_update`` before which somebody deletes every row of *model*."""

    def locked(rows: Any, *_arguments: Any, **_options: Any) -> Any:
        assert transaction.get_connection().in_atomic_block
        if model is ClientCertificate:
            ClientCertificate.objects.update(current=None)
        model.objects.all().delete()
        return rows

    return locked
