"""What an API's path looks like does not matter for its counts, nor for others': Envoy takes the names of its counters apart at dots."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gateway.compile import cluster_name, compile_cluster
from gateway.seeing.outcomes import Outcome, tally
from gateway.seeing.readings import COUNTERS, Unanswered, counters_of
from tests.gateway.backends import Backend
from tests.gateway.gateways import KEY, Gateway, policy

PATHS = (
    *("v1.2", ".well-known", "a.", "..a..", "a.b/c.d", "~t-_", "route", "vcluster", "upstream_rq_2xx", "http.gateway.rds.x"),
    *("a.route.api-9", "v1.route.api-3.upstream_rq_5xx", "x.vcluster.key-1-2-primary", "vhost.calls.route.api-1.upstream_rq_2xx"),
    "x.route.y.vcluster.z.route.w",
)


@pytest.mark.parametrize("path", PATHS)
def test_calls_are_counted_whatever_the_path(gateway: Gateway, new_api: Callable[[], int], plain: Backend, path: str) -> None:
    api = new_api()
    one = policy(api, path, port=plain.port, scheme="http", presents=False)
    gateway.put(one, compile_cluster(one, None))
    for status in (200, 201, 404, 503):
        assert gateway.call(f"/{path}/status/{status}", key=KEY).status == status
    assert gateway.call(f"/{path}/status/200").status == 401
    series = counters_of(gateway.admin(COUNTERS))[cluster_name(api)]
    gateway.withdraw(one)
    (found,) = tally(cluster_name(api), series, presented="").values()
    counted = {outcome: number for outcome, number in found.sums().items() if number}
    assert counted == {Outcome.OK: 2, Outcome.CLIENT_ERROR: 1, Outcome.SERVER_ERROR: 1, Outcome.GATEWAY: 1}
    assert [one.route for one in map(Unanswered.of, series) if one] == [path.rstrip(".")]  # no name of Envoy's ends with a dot


def test_an_api_that_moves_to_another_path_goes_on_counting(gateway: Gateway, new_api: Callable[[], int], plain: Backend) -> None:
    api = new_api()
    for path in ("before.1", "after.2", "before.1"):
        one = policy(api, path, port=plain.port, scheme="http", presents=False)
        gateway.put(one, compile_cluster(one, None))
        assert gateway.call(f"/{path}/status/200", key=KEY).status == 200
    assert counters_of(gateway.admin(COUNTERS))[cluster_name(api)] == {"2xx": 3}


def test_what_another_release_has_counted_otherwise_keeps_nothing_from_being_counted() -> None:
    said = (
        "# TYPE envoy_vhost_2_route_api_1_upstream_rq_xx counter\n"
        'envoy_vhost_2_route_api_1_upstream_rq_xx{envoy_response_code_class="2",envoy_virtual_host="segment-v1"} 1\n'
        'envoy_vhost_route_upstream_rq_xx{envoy_response_code_class="2",envoy_virtual_host="calls",envoy_route="api-2"} 7\n'
    )
    assert counters_of(said) == {"api-2": {"2xx": 7}}


@pytest.mark.parametrize("character", ["\x0b", "\x0c", "\x1e", "\x85", "\u2028", "\\n", '\\"', "\\\\", "}", "} 5", ","])
def test_labels_may_hold_anything(character: str) -> None:
    labels = f'api="a{character}b",cluster="api-1",presented="",kind="",key="",status="401",flags="-"'
    meant = {"\\n": "\n", '\\"': '"', "\\\\": "\\"}.get(character, character)
    assert counters_of(f"envoy_outcomes_unanswered{{{labels}}} 3\n") == {"api-1": {f"unanswered|||401|-|a{meant}b": 3}}
