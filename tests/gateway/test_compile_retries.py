"""What is tried again: over HTTP/2 what the back end has not begun, over HTTP/1.1 once what may be sent twice; and nothing else ever."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from apis.policy.model import Forwarding, Policy, Protocol
from benchmarks.numbered import make_calls
from gateway.compile.calls.retries import SAFE_METHODS
from kit.issuing import Issued
from tests.gateway.backends import Backend
from tests.gateway.foreign import Nginx
from tests.gateway.gateways import Gateway, open_to_all, policy
from tests.gateway.plant import eventually
from tests.gateway.unreliable import Unreliable

Publish = Callable[..., Policy]


@pytest.fixture
def publish(gateway: Gateway, authority: Issued, new_api: Callable[[], int]) -> Iterator[Publish]:
    """Return what publishes an API at ``/calls`` that needs no key; it goes when the test ends."""
    published = []

    def publish(
        port: int,
        *,
        tls: bool = False,
        http2: bool = False,
        retry: bool = True,
        operations: tuple[tuple[str, str], ...] = (("*", "/*"),),
    ) -> Policy:
        scheme = "https" if tls else "http"
        one = policy(new_api(), "calls", port=port, scheme=scheme, presents=False, trusted=authority, operations=operations)
        protocol = Protocol.HTTP2 if http2 and not tls else Protocol.AUTO
        backend = dataclasses.replace(one.backend, protocol=protocol, offers_http2=http2)
        one = dataclasses.replace(open_to_all(one), backend=backend, forwarding=Forwarding(retry=retry))
        assert not gateway.publish(one)
        published.append(one)
        return one

    yield publish
    for one in published:
        gateway.withdraw(one)


@pytest.mark.parametrize(
    ("server", "calls"),
    [("keepalive_requests 10;", 4000), ("keepalive_requests 100;", 6000), ("", 6000)],
    ids=["10 calls a connection", "100 calls a connection", "as it is shipped"],
)
def test_no_call_is_lost_or_sent_twice_while_nginx_renews_its_connections(
    gateway: Gateway, publish: Publish, server_certificate: Issued, server: str, calls: int
) -> None:
    with Nginx(server_certificate, server=server) as nginx:
        publish(nginx.port, tls=True, http2=True)
        outcome = make_calls(gateway.port, ["/calls/x"], callers=300, calls=calls)
        assert (outcome.calls, outcome.lost, outcome.words) == (calls, 0, {})
        eventually(lambda: nginx.noted.total() >= calls, within=10)
        assert set(nginx.noted.values()) == {1}


@pytest.mark.parametrize("operations", [(("*", "/*"),), tuple((method, "/{id}") for method in (*SAFE_METHODS, "POST", "PATCH"))])
@pytest.mark.parametrize("method", SAFE_METHODS)
def test_what_may_be_sent_twice_is_tried_again_on_a_connection_that_ends_in_silence(
    gateway: Gateway, publish: Publish, method: str, operations: tuple[tuple[str, str], ...]
) -> None:
    with Unreliable(answers=2) as backend:
        publish(backend.port, operations=operations)
        answers = [gateway.call(f"/calls/{number}", method=method).status for number in range(5)]
        assert answers == [200] * 5
        assert Counter(backend.calls) == {f"{method} /{number}": 2 if number in {2, 4} else 1 for number in range(5)} | {f"{method} /3": 1}


@pytest.mark.parametrize("method", ["POST", "PATCH", "FOO"])
def test_what_may_not_be_sent_twice_is_not(gateway: Gateway, publish: Publish, method: str) -> None:
    with Unreliable(answers=2) as backend:
        publish(backend.port)
        answers = [gateway.call(f"/calls/{number}", method=method, body=b"x") for number in range(6)]
        assert [answer.status for answer in answers] == [200, 200, 502] * 2
        assert answers[2].message == "The back end broke the connection off before it answered."
        assert Counter(backend.calls) == {f"{method} /{number}": 1 for number in range(6)}


def test_switched_off_nothing_is_tried_again(gateway: Gateway, publish: Publish) -> None:
    with Unreliable(answers=2) as backend:
        publish(backend.port, retry=False)
        assert [gateway.call(f"/calls/{number}").status for number in range(6)] == [200, 200, 502] * 2
        assert set(Counter(backend.calls).values()) == {1}


def test_of_a_back_end_that_closes_behind_its_second_answer_no_get_is_lost_and_no_post_comes_twice(
    gateway: Gateway, publish: Publish
) -> None:
    with Unreliable(answers=2, at_once=True) as backend:
        publish(backend.port)
        # One caller: with several the second try can meet another connection that is just ending.
        outcome = make_calls(gateway.port, ["/calls/x"], callers=1, calls=300)
        assert (outcome.calls, outcome.lost_safe) == (300, 0)
        assert max(times for call, times in Counter(backend.calls).items() if call.startswith("POST")) == 1


@pytest.mark.parametrize(("method", "times"), [("GET", 2), ("DELETE", 2), ("POST", 1), ("PATCH", 1)])
def test_a_back_end_that_never_answers_is_asked_no_more_than_that(gateway: Gateway, publish: Publish, method: str, times: int) -> None:
    with Unreliable() as backend:
        publish(backend.port)
        assert gateway.call("/calls/x", method=method).status == 502
        assert backend.calls == [f"{method} /x"] * times


def test_an_error_of_the_back_ends_own_is_an_answer(gateway: Gateway, publish: Publish, plain: Backend) -> None:
    publish(plain.port)
    assert gateway.call("/calls/status/503").status == 503
    assert len(plain.calls) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_back_end_whose_limit_is_really_reached_is_said_to_have_reached_it(gateway: Gateway, publish: Publish, method: str) -> None:
    with Unreliable(refuses=True) as backend:
        publish(backend.port, http2=True)
        answer = gateway.call("/calls/x", method=method)
        assert (answer.status, answer.headers["x-failure-kind"]) == (502, "overloaded")
        assert answer.message == "The back end takes no more calls at once than are under way; try again later."
        assert 2 <= len(backend.calls) <= 30
