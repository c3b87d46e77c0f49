"""What the rows amount to, segment by segment: the routes of all APIs below it, and the keys that they count by."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from envoy.config.route.v3.route_components_pb2 import VirtualHost
from envoy.config.route.v3.route_pb2 import RouteConfiguration

from apis.models import Api
from gateway.compile import GatewayListener, Resource, segment_name
from gateway.compile.resource import ROUTES
from gateway.control.alpn import Handshakes
from gateway.control.snapshot import Snapshot
from gateway.control.status_queue import StatusQueue
from portal.activity import last_line
from portal.models import Activity
from tests.makers import make_api, make_subscription

pytestmark = pytest.mark.django_db


def snapshot() -> Snapshot:
    return Snapshot(GatewayListener(host="127.0.0.1", port=1), StatusQueue(), Handshakes(allowed=()))


def segments(resources: Iterable[Resource]) -> set[str]:
    return {one.name for one in resources if one.type_url == ROUTES}


def host_of(segment: str, resources: Iterable[Resource]) -> VirtualHost:
    (found,) = (one for one in resources if (one.type_url, one.name) == (ROUTES, segment_name(segment)))
    (host,) = RouteConfiguration.FromString(found.body).virtual_hosts
    return host


def paths_of(host: VirtualHost) -> set[str]:
    return set(host.matcher.matcher_tree.prefix_match_map.map)


def test_the_routes_of_a_segment_are_those_of_all_apis_below_it_and_of_no_other() -> None:
    for name, path in (("orders", "shop/orders"), ("returns", "shop/returns"), ("shopping", "shopping")):
        make_api(name, path=path)
    resources = snapshot().load(last_line()).resources
    assert {segment_name("shop"), segment_name("shopping")} < segments(resources)
    assert segment_name("shop/orders") not in segments(resources)
    assert paths_of(host_of("shop", resources)) == {"/shop/orders/", "/shop/returns/"}


def test_a_change_of_one_api_compiles_its_segment_with_the_others_in_it_and_no_other_segment() -> None:
    apis = [make_api(name, path=path) for name, path in (("orders", "shop/orders"), ("returns", "shop/returns"), ("sales", "sales"))]
    seen = snapshot()
    seen.load(before := last_line())
    make_api("gifts", path="shop/gifts")
    update = seen.follow(list(Activity.objects.filter(id__gt=before).order_by("id")))
    assert segments(update.resources) == {segment_name("shop")}
    assert paths_of(host_of("shop", update.resources)) == {"/shop/orders/", "/shop/returns/", "/shop/gifts/"}
    assert set(seen.apis_of((ROUTES, segment_name("shop")))) == {*(api.pk for api in apis[:2]), Api.objects.get(name="gifts").pk}


@pytest.mark.parametrize("rewritten", ["/of/{state}", "/of/{}"])
def test_a_document_of_earlier_days_that_nothing_can_be_made_of_closes_its_api_and_no_other(rewritten: str) -> None:
    orders, returns = make_api("orders", path="shop/orders"), make_api("returns", path="shop/returns")
    document = f'<policies><inbound><base /><rewrite-uri template="{rewritten}" /></inbound></policies>'
    orders.operations.update(url_template="/all?state={state}", document=document)
    statuses = StatusQueue()
    resources = Snapshot(GatewayListener(host="127.0.0.1", port=1), statuses, Handshakes(allowed=())).load(last_line()).resources
    assert paths_of(host_of("shop", resources)) == {"/shop/orders/", "/shop/returns/"}
    problems = statuses.take().problems
    assert set(problems) == {orders.pk}
    assert returns.pk not in problems


@pytest.mark.parametrize(("most", "told_apart"), [(2, True), (1, False)])
def test_calls_are_counted_by_subscription_unless_too_many_keys_open_the_api(
    monkeypatch: pytest.MonkeyPatch, most: int, told_apart: bool
) -> None:
    monkeypatch.setattr("gateway.control.snapshot.MOST_COUNTED_KEYS", most)
    make_subscription(api=make_api("orders"))  # two keys
    make_api("sales")
    Api.objects.filter(name="orders").update(count_by_subscription=True)
    resources = snapshot().load(last_line()).resources
    assert bool(host_of("orders", resources).virtual_clusters) == told_apart
    assert not host_of("sales", resources).virtual_clusters
