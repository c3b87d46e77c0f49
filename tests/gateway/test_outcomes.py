"""However a call fails, a real Envoy's counters give it one outcome, and leave none behind."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
from collections.abc import Callable

import pytest

from apis.policy.model import AuthenticationBasic, Forwarding, Policy
from certificates.sealing import Secret
from gateway.compile import Resource, cluster_name, compile_cluster, compile_refusal
from gateway.compile.resource import CLUSTER
from gateway.seeing.outcomes import Outcome, tally
from gateway.seeing.readings import COUNTERS, counters_of
from tests.gateway.backends import Backend
from tests.gateway.gateways import KEY, Gateway, policy
from tests.gateway.test_failure_kinds import raw_server

Make = Callable[..., Policy]


@pytest.fixture
def make(new_api: Callable[[], int], plain: Backend) -> Make:
    """Return what makes the policy of an API of its own."""

    def make(**values: object) -> Policy:
        number = new_api()
        chosen = {"port": plain.port, "scheme": "http", "presents": False} | values
        return policy(number, f"fails-{number}", **chosen)  # type: ignore[arg-type]

    return make


def outcome_of(gateway: Gateway, one: Policy, target: str = "/x", cluster: tuple[Resource, ...] | None = None) -> dict[Outcome, int]:
    """Return how a call of the API is counted."""
    gateway.put(one, compile_cluster(one, None) if cluster is None else cluster)
    with contextlib.suppress(http.client.IncompleteRead):  # it was cut off
        gateway.call(f"/{one.path}{target}", key=KEY)
    name = cluster_name(one.api_id)
    found = tally(name, counters_of(gateway.admin(COUNTERS))[name], presented="")[""].outcomes[""]
    gateway.withdraw(one)
    return {outcome: number for outcome, number in found.items() if number}


def test_a_call_that_takes_too_long(gateway: Gateway, make: Make) -> None:
    for limit in (Forwarding(idle_seconds=1), Forwarding(longest_seconds=1)):
        assert outcome_of(gateway, dataclasses.replace(make(), forwarding=limit), "/slow/2") == {Outcome.NO_ANSWER: 1}


def test_a_call_of_an_api_that_refuses_its_calls(gateway: Gateway, make: Make) -> None:
    one = make()
    assert outcome_of(gateway, one, cluster=compile_refusal(one, "No.")) == {Outcome.NO_ANSWER: 1}


def test_a_call_without_the_credentials_it_needs(gateway: Gateway, make: Make) -> None:
    one = make(inbound=(AuthenticationBasic(username="user", password=Secret(b"1")),))
    cluster = tuple(resource for resource in compile_cluster(one, None) if resource.type_url == CLUSTER)
    assert outcome_of(gateway, one, cluster=cluster) == {Outcome.NO_ANSWER: 1}


def test_a_call_of_a_host_that_does_not_exist(gateway: Gateway, make: Make) -> None:
    assert outcome_of(gateway, make(host="no-such-host.invalid")) == {Outcome.NO_ANSWER: 1}


def test_a_call_that_nobody_listens_for(gateway: Gateway, make: Make) -> None:
    assert outcome_of(gateway, make(port=1)) == {Outcome.NO_ANSWER: 1}


def test_an_answer_that_is_no_http(gateway: Gateway, make: Make) -> None:
    with raw_server(lambda connection: connection.sendall(b"nonsense\r\n\r\n")) as port:
        assert outcome_of(gateway, make(port=port)) == {Outcome.NO_ANSWER: 1}


def test_an_answer_that_breaks_off_counts_as_what_it_has_begun_as(gateway: Gateway, make: Make) -> None:
    with raw_server(lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")) as port:
        assert outcome_of(gateway, make(port=port)) == {Outcome.OK: 1}
