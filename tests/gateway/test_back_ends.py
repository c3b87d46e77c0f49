"""A back end with two addresses, from the rows to the calls, and how its addresses are as a real gateway says."""

from __future__ import annotations

import json

import pytest
from django.utils import timezone

from apis import actions as api_actions
from apis.backends import standing
from apis.models import KeyKind
from gateway.agent.hosts import hosts_of
from kit.issuing import Issued
from tests.gateway.backends import Backend
from tests.gateway.plant import Plant, eventually
from tests.makers import lead, make_api, make_authority, make_back_end, make_certificate, make_subscription

pytestmark = pytest.mark.django_db


@pytest.mark.any_database
def test_calls_are_shared_among_the_addresses_and_the_gateway_says_how_they_are(
    plant: Plant, authority: Issued, server_certificate: Issued, client_certificate: Issued
) -> None:
    with Backend(server_certificate, authority) as one, Backend(server_certificate, authority) as two:
        back_end = make_back_end(
            "shop",
            *(f"https://localhost:{server.port}" for server in (one, two)),
            certificate=make_certificate("shop-client", client_certificate),
            trusted_authority=make_authority("tests", authority),
        )
        api = lead(make_api("shop"), back_end)
        key = api_actions.show_keys(make_subscription("shop", api=api), by=None, now=timezone.now())[KeyKind.PRIMARY].value.decode()
        eventually(lambda: plant.call("/shop/1", key=key).status == 200 and one.calls and two.calls)
        assert {call.thumbprint for call in [*one.calls, *two.calls]} == {client_certificate.thumbprint}
        told = eventually(lambda: (found := standing.standings_of(back_end)) and all(one.serving for one in found) and found)
        assert [(one.gateway, one.state) for one in told] == [("gateway-1", "good")] * 2
        assert sum(one.calls or 0 for one in told) >= 2
        eventually(lambda: (found := standing.accepted_last(back_end)) and found.version.thumbprint == client_certificate.thumbprint)


def test_what_envoy_says_of_its_addresses_is_read() -> None:
    host = {
        "address": {"socket_address": {"address": "192.0.2.1", "port_value": 443}},
        "hostname": "one.example.com",
        "health_status": {"eds_health_status": "HEALTHY", "failed_outlier_check": True},
        "stats": [{"name": "rq_total", "value": "12"}, {"name": "rq_error", "value": "3"}, {"name": "cx_total", "value": "1"}],
    }
    page = json.dumps({"cluster_statuses": [{"name": "api-1", "host_statuses": [host]}, {"name": "api-2", "host_statuses": [host]}]})
    (told,) = hosts_of(page, ["api-1"])
    assert (told.name, told.address, told.port, told.calls, told.failed) == ("one.example.com", "192.0.2.1", 443, 12, 3)
    assert (told.ejected, told.unwell) == (True, False)
