"""When entries end and who uses them, as dashboard, list and timeline have it: each change is seen at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from apis import actions as api_actions
from apis.models import Api, Credentials
from certificates import actions
from certificates.endings import Ending, endings
from certificates.models import ClientCertificate, Kind
from tests.makers import issue, make_api, make_certificate, make_server_certificate

pytestmark = pytest.mark.django_db


def _of(kind: Kind = Kind.CLIENT) -> dict[str, Ending]:
    return {one.name: one for one in endings()[kind].all}


def _secure(api: Api, certificate: ClientCertificate | None) -> Api:
    credentials = Credentials.CLIENT_CERTIFICATE if certificate else Credentials.NONE
    return api_actions.secure_api(
        api, api_actions.ApiSecurity(credentials=credentials, certificate=certificate), by=None, now=timezone.now()
    )


def test_each_way_in_and_out_is_seen_at_once() -> None:
    assert _of() == {}
    orders = make_certificate("orders")
    before = _of()["orders"]
    assert (before.kind, before.mark, before.used_by) == (Kind.CLIENT, orders.versions.get().last_four, 0)
    later = issue("orders", not_after=before.at + timedelta(days=1))
    orders = actions.replace(orders, later.as_pfx(), by=None, now=timezone.now())
    assert _of()["orders"].at > before.at
    orders = actions.roll_back(orders, version=1, by=None, now=timezone.now())
    assert _of()["orders"] == before
    actions.delete(orders, by=None, now=timezone.now())
    assert _of() == {}


def test_who_uses_it_is_seen_at_once() -> None:
    orders, api = make_certificate("orders"), make_api("orders")
    assert [len(endings()[Kind.CLIENT].unused), len(endings()[Kind.CLIENT].used.all)] == [1, 0]
    api = _secure(api, orders)
    assert [len(endings()[Kind.CLIENT].unused), len(endings()[Kind.CLIENT].used.all)] == [0, 1]
    second = _secure(make_api("second"), orders)
    assert _of()["orders"].used_by == 2
    api_actions.delete_api(second, by=None, now=timezone.now())
    assert _of()["orders"].used_by == 1
    _secure(api, None)
    assert _of()["orders"].used_by == 0


def test_kinds_are_apart() -> None:
    make_certificate("orders")
    make_server_certificate("api.example.com")
    assert (set(_of()), set(_of(Kind.SERVER))) == ({"orders"}, {"api.example.com"})


def test_what_has_ended_and_what_soon_will_is_judged_at_each_moment() -> None:
    make_certificate("orders")
    end = _of()["orders"].at
    ends = endings()[Kind.CLIENT]
    for now, expected in (
        (end - timedelta(days=30, seconds=1), (0, 0)),
        (end - timedelta(days=30), (0, 1)),
        (end - timedelta(seconds=1), (0, 1)),
        (end, (1, 0)),
    ):
        assert (len(ends.expired(now)), len(ends.expiring(now))) == expected
