"""Filling gateways that come with nothing: what is the same for all of them is made once, in pieces that a slow one holds little of."""

from __future__ import annotations

import pytest
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryResponse

from gateway.compile import Resource
from gateway.compile.resource import CLUSTER, ROUTES
from gateway.control.status_queue import StatusQueue
from gateway.streams.cache import Cache, NodeStream, Update
from gateway.streams.delta import WILDCARD
from gateway.streams.stream import Peer, Request
from gateway.streams.wire import encoded, resources_of, response_of

_BODY = 4000
_MOST_BYTES = 2 * 1024 * 1024
_THOUSAND = {f"api-{number}": Resource(CLUSTER, f"api-{number}", b"1" * _BODY) for number in range(1000)}


@pytest.fixture
def cache() -> Cache:
    """Return a cache of a thousand clusters."""
    cache = Cache(StatusQueue())
    cache.apply(Update(line=1, resources=tuple(_THOUSAND.values()), complete=True))
    return cache


def _comes(cache: Cache, name: str) -> NodeStream:
    newcomer = NodeStream(cache, name, Peer.AGENT)
    cache.join(newcomer)
    newcomer.receive(Request(type_url=CLUSTER, subscribe=(WILDCARD,)))
    return newcomer


def _sent(newcomer: NodeStream) -> list[bytes]:
    return [response_of(*response, line=1, encode=newcomer.encode) for response in newcomer.next_responses()]


def test_a_newcomer_gets_everything_in_pieces_of_a_megabyte_or_so(cache: Cache) -> None:
    pieces = _sent(_comes(cache, "east"))
    assert max(map(len, pieces)) < _MOST_BYTES
    got = [one for piece in pieces for one in resources_of(DeltaDiscoveryResponse.FromString(piece))]
    assert {one.name: one for one in got} == _THOUSAND


def test_what_is_sent_to_many_is_encoded_once(cache: Cache) -> None:
    east, west = _comes(cache, "east"), _comes(cache, "west")
    (_, to_east), *_ = east.next_responses()
    (_, to_west), *_ = west.next_responses()
    assert east.encode(to_east.resources.values()) is west.encode(to_west.resources.values())


def test_who_comes_after_a_change_gets_what_is_right_by_then(cache: Cache) -> None:
    _sent(_comes(cache, "east"))
    changed = Resource(CLUSTER, "api-7", b"2" * _BODY)
    cache.apply(Update(line=2, resources=(changed,), touched={2: frozenset({(CLUSTER, "api-7")})}))
    pieces = _sent(_comes(cache, "west"))
    got = {one.name: one for piece in pieces for one in resources_of(DeltaDiscoveryResponse.FromString(piece))}
    assert got == _THOUSAND | {"api-7": changed}


def test_what_one_gateway_refused_is_not_what_another_gets(cache: Cache) -> None:
    """Two resources of one name and unlike content never share bytes."""
    one, other = Resource(CLUSTER, "api-1", b"1"), Resource(CLUSTER, "api-1", b"2")
    assert cache.encodings.of([one]) == encoded([one])
    assert cache.encodings.of([other]) == encoded([other])


def test_an_envoy_that_starts_gets_many_routes_at_once_and_those_of_a_refused_response_one_by_one() -> None:
    names = [f"segment-{number}" for number in range(120)]
    cache = Cache(StatusQueue())
    cache.apply(Update(line=1, resources=tuple(Resource(ROUTES, name, b"") for name in names), complete=True))
    envoy = NodeStream(cache, "gateway", Peer.ENVOY_OF_AGENT)
    cache.join(envoy)
    envoy.receive(Request(type_url=ROUTES, subscribe=names))
    batches = [batch for _ in range(3) for _, batch in envoy.next_responses()]
    assert [len(one.resources) for one in batches] == [50, 50, 20]
    envoy.receive(Request(type_url=ROUTES, nonce=batches[2].nonce, error="Unable to parse"))
    again = [batch for _ in range(21) for _, batch in envoy.next_responses()]
    assert [list(one.resources) for one in again] == [[name] for name in names[100:]]
