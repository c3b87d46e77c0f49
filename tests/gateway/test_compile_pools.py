"""Back ends with several addresses, through a real Envoy: who gets calls, under which name, and who is left out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import pytest

from apis.policy.model import Address, Ejection, HealthCheck, Policy, Sharing
from kit.issuing import Issued, issue
from kit.ports import free_ports
from tests.gateway.backends import Backend
from tests.gateway.gateways import KEY, Gateway, policy
from tests.gateway.plant import eventually

Share = Callable[..., Policy]


@pytest.fixture
def share(gateway: Gateway, authority: Issued, client_certificate: Issued, new_api: Callable[[], int]) -> Iterator[Share]:
    """Return what publishes an API in front of several addresses; it goes when the test ends."""
    published = []

    def share(*addresses: Address, **more: object) -> Policy:
        number = new_api()
        one = policy(number, f"pool-{number}", port=addresses[0].port, host=addresses[0].host, trusted=authority)
        sharing = Sharing(addresses=addresses, **more)  # type: ignore[arg-type]  # passed on
        one = dataclasses.replace(one, backend=dataclasses.replace(one.backend, sharing=sharing))
        assert not gateway.publish(one, client_certificate)
        published.append(one)
        return one

    yield share
    for one in published:
        gateway.withdraw(one)


def statuses(gateway: Gateway, one: Policy, number: int = 1) -> list[int]:
    return [gateway.call(f"/{one.path}/1", key=KEY).status for _ in range(number)]


def test_each_address_is_asked_for_by_its_own_name_and_all_see_the_same_certificate(
    gateway: Gateway, share: Share, authority: Issued, client_certificate: Issued
) -> None:
    with (
        Backend(issue("one", by=authority, hosts=("localhost",)), authority) as one,
        Backend(issue("two", by=authority, hosts=("127.0.0.1",)), authority) as two,
    ):
        api = share(Address(host="localhost", port=one.port, weight=3), Address(host="127.0.0.1", port=two.port))
        assert statuses(gateway, api, 40) == [200] * 40
        assert {call.header("host") for call in one.calls} == {f"localhost:{one.port}"}
        assert {call.header("host") for call in two.calls} == {f"127.0.0.1:{two.port}"}
        assert {call.thumbprint for call in [*one.calls, *two.calls]} == {client_certificate.thumbprint}
        assert len(one.calls) == 3 * len(two.calls)


def test_an_address_that_does_not_bear_its_own_name_is_not_called(gateway: Gateway, share: Share, authority: Issued) -> None:
    certificate = issue("one", by=authority, hosts=("localhost",))
    with Backend(certificate, authority) as one, Backend(certificate, authority) as two:
        api = share(Address(host="localhost", port=one.port), Address(host="127.0.0.1", port=two.port))
        assert statuses(gateway, api, 10).count(200) == len(one.calls) > 0
        assert two.calls == []


def test_what_does_not_answer_when_asked_gets_no_calls_until_it_does(
    gateway: Gateway, share: Share, authority: Issued, server_certificate: Issued
) -> None:
    (late,) = free_ports(1)
    with Backend(server_certificate, authority) as one:
        health = HealthCheck(path="/health", seconds=1)
        api = share(Address(host="localhost", port=one.port, priority=1), Address(host="localhost", port=late), health=health)
        eventually(lambda: statuses(gateway, api, 10) == [200] * 10)
        with Backend(server_certificate, authority, port=late) as other:
            eventually(lambda: statuses(gateway, api) and any(call.target == "/1" for call in other.calls))


def test_where_no_address_is_well_the_call_is_refused_and_says_why(
    gateway: Gateway, share: Share, authority: Issued, server_certificate: Issued
) -> None:
    with Backend(server_certificate, authority) as one:
        api = share(Address(host="localhost", port=one.port), ejection=Ejection(failures=2, seconds=300))
        for _ in range(2):
            assert gateway.call(f"/{api.path}/status/500", key=KEY).status == 500
        answer = eventually(lambda: (found := gateway.call(f"/{api.path}/1", key=KEY)).status == 502 and found)
        assert "none of its addresses answers" in answer.json["message"]
