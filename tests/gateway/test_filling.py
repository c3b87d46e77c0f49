"""Filling gateways that come with nothing: what is the same for all of them is made once, in pieces that a slow one holds little of."""

from __future__ import annotations

import pytest
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryResponse

from gateway.compile import Resource
from gateway.compile.resource import CLUSTER
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
    assert cache.encode_once([one]) == encoded([one])
    assert cache.encode_once([other]) == encoded([other])
