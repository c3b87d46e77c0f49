"""The relay between control plane and Envoy, without either: what it asks for, what it hands on, and when it answers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import pytest
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryResponse

from certificates.identity import Identity
from certificates.sealing import Secret
from gateway.agent.relay import GATEWAY, Relay
from gateway.compile import GatewayListener, Https, Resource, Served, compile_https, compile_listener, compile_server_certificate
from gateway.compile.resource import CLUSTER, FILTER, LISTENER, ROUTES, SCOPE, SECRET
from gateway.streams.cache import NodeStream
from gateway.streams.delta import Batch
from gateway.streams.stream import BARRIER, TYPES, Peer, Request, blame
from gateway.streams.wire import encoded, response_of

_OWN = GatewayListener(host="127.0.0.1", port=18080, idle_seconds=7, trusted_proxies=2)


def _cluster(name: str, content: str) -> Resource:
    return Resource(CLUSTER, name, content.encode())


class Between:
    """A relay with a control plane on its one side and an Envoy on the other."""

    def __init__(self, *good: Resource, own: GatewayListener = _OWN) -> None:
        self.all_here = True
        self.relay = Relay(own, good, all_here=lambda: self.all_here)
        self.said: list[Request] = []
        self._nonces = 0
        self.relay.begin(self.said.append)

    def control_plane_sends(self, *resources: Resource, removed: tuple[str, ...] = (), type_url: str = CLUSTER, line: int = 1) -> str:
        """Let a response come; return its nonce."""
        self._nonces += 1
        nonce = f"from-above-{self._nonces}"
        batch: Batch[Resource] = Batch(nonce, {one.name: one for one in resources}, removed)
        self.relay.receive(DeltaDiscoveryResponse.FromString(response_of(type_url, batch, line=line, encode=encoded)))
        return nonce

    def answer_to(self, nonce: str) -> Request | None:
        """Return what the control plane was told about a response."""
        return next((one for one in self.said if one.nonce == nonce), None)

    def asked(self) -> dict[str, Mapping[str, str]]:
        """Return the versions that the control plane was told, by type."""
        return {one.type_url: one.initial for one in self.said if one.subscribe}

    def envoy(self) -> NodeStream:
        """Return a stream of an Envoy that has asked for what it asks for at first, and has everything."""
        node_stream = NodeStream(self.relay.cache, GATEWAY, Peer.ENVOY_OF_AGENT, fallbacks=self.relay.stand_ins)
        self.relay.cache.join(node_stream)
        for type_url in (CLUSTER, LISTENER, SCOPE):
            node_stream.receive(Request(type_url=type_url))
        takes_all(node_stream)
        return node_stream


def takes_all(envoy: NodeStream, *, but: Mapping[str, str] | None = None) -> list[dict[str, bytes | None]]:
    """Have *envoy* answer whatever it is sent; it refuses clusters *but* of this content, with the reason. Return what it was sent."""
    sent: list[dict[str, bytes | None]] = []
    while responses := envoy.next_responses():
        for type_url, batch in responses:
            sent.append({name: one.body for name, one in batch.resources.items()} | dict.fromkeys(batch.removed))
            reasons = {
                name: reason for name, one in batch.resources.items() for body, reason in (but or {}).items() if one.body == body.encode()
            }
            words = ", ".join(f"{name}: {reason}" for name, reason in reasons.items())
            error = f"Error adding/updating cluster(s) {words}" if words else ""
            envoy.receive(Request(type_url=type_url, nonce=batch.nonce, error=error))
    return [one for one in sent if one]


def test_while_an_envoy_that_answers_calls_is_away_nothing_is_answered_for_by_the_other_one() -> None:
    between = Between()
    between.envoy()
    between.all_here = False
    nonce = between.control_plane_sends(_cluster("api-1", "new"))
    for envoy in between.relay.cache.node_streams_of(GATEWAY):
        takes_all(envoy)
    assert between.answer_to(nonce) is None
    between.all_here = True
    between.relay.settle()
    answer = between.answer_to(nonce)
    assert answer
    assert not answer.error


def test_it_asks_for_everything_and_last_whether_that_was_all() -> None:
    between = Between()
    assert [one.type_url for one in between.said] == [*TYPES, BARRIER]
    assert all(one.subscribe == ("*",) for one in between.said)


def test_an_envoy_is_given_nothing_until_all_is_there() -> None:
    between = Between()
    between.control_plane_sends(_cluster("api-1", "one"))
    assert not between.relay.ready.is_set()
    between.relay.receive(DeltaDiscoveryResponse(type_url=BARRIER, nonce="all"))
    assert between.relay.ready.is_set()
    assert between.answer_to("all")


def test_the_control_plane_is_answered_only_once_envoy_has_answered() -> None:
    between = Between()
    nonce = between.control_plane_sends(_cluster("api-1", "one"))
    assert between.answer_to(nonce) is None
    envoy = between.envoy()
    assert between.answer_to(nonce) == Request(type_url=CLUSTER, nonce=nonce)
    later = between.control_plane_sends(_cluster("api-1", "two"), line=2)
    assert between.answer_to(later) is None
    assert takes_all(envoy) == [{"api-1": b"two"}]
    assert between.answer_to(later) == Request(type_url=CLUSTER, nonce=later)


def test_a_refusal_goes_up_in_envoys_words_and_what_was_good_stays() -> None:
    between = Between()
    between.control_plane_sends(_cluster("api-1", "good"), _cluster("api-2", "fine"))
    envoy = between.envoy()
    nonce = between.control_plane_sends(_cluster("api-1", "bad"), _cluster("api-2", "finer"), line=2)
    takes_all(envoy, but={"bad": "KEY_VALUES_MISMATCH, and more: of it"})
    answer = between.answer_to(nonce)
    assert answer
    assert blame(answer.error, ["api-1", "api-2"]) == {"api-1": "KEY_VALUES_MISMATCH, and more: of it"}
    assert {one.name: one.body for one in between.relay.good.values()} == {"api-1": b"good", "api-2": b"finer"}
    assert takes_all(between.envoy()) == []


def test_an_envoy_that_comes_while_something_is_refused_gets_what_was_good() -> None:
    between = Between(_cluster("api-1", "good"))
    between.control_plane_sends(_cluster("api-1", "bad"))
    node_stream = NodeStream(between.relay.cache, GATEWAY, Peer.ENVOY_OF_AGENT, fallbacks=between.relay.stand_ins)
    between.relay.cache.join(node_stream)
    for type_url in (CLUSTER, LISTENER, SCOPE):
        node_stream.receive(Request(type_url=type_url))
    assert takes_all(node_stream, but={"bad": "no"}) == [{"api-1": b"bad"}, {"api-1": b"good"}]


def test_a_new_control_plane_is_told_what_envoy_has_and_that_the_rest_is_open() -> None:
    between = Between()
    one, two = _cluster("api-1", "one"), _cluster("api-2", "two")
    between.control_plane_sends(one, two)
    between.envoy()
    between.control_plane_sends(_cluster("api-2", "newer"), line=2)
    between.said.clear()
    between.relay.begin(between.said.append)
    assert between.asked()[CLUSTER] == {"api-1": one.version, "api-2": "unsettled"}


def test_what_was_removed_while_nobody_answered_is_open_too() -> None:
    between = Between()
    between.control_plane_sends(_cluster("api-1", "one"))
    between.envoy()
    between.control_plane_sends(removed=("api-1",), line=2)
    between.said.clear()
    between.relay.begin(between.said.append)
    assert between.asked()[CLUSTER] == {"api-1": "unsettled"}


def test_an_envoy_that_takes_over_is_waited_for_and_one_that_goes_is_not() -> None:
    between = Between()
    between.control_plane_sends(_cluster("api-1", "one"))
    old, new = between.envoy(), between.envoy()
    nonce = between.control_plane_sends(_cluster("api-1", "two"), line=2)
    takes_all(old)
    assert between.answer_to(nonce) is None
    between.relay.cache.leave(new)
    between.relay.settle()
    assert between.answer_to(nonce)


def test_routes_wait_for_the_cluster_of_the_same_change_however_they_came() -> None:
    between = Between()
    between.control_plane_sends(_cluster("api-1", "one"))
    envoy = between.envoy()
    envoy.receive(Request(type_url=ROUTES, subscribe=("segment-a",)))
    takes_all(envoy)
    between.control_plane_sends(Resource(ROUTES, "segment-a", b"routes"), type_url=ROUTES, line=2)
    between.control_plane_sends(_cluster("api-2", "two"), line=2)
    assert [type_url for type_url, _ in envoy.next_responses()] == [CLUSTER]
    assert not envoy.next_responses()


def test_the_listener_is_as_this_gateways_settings_say_whoever_compiled_it() -> None:
    (foreign,) = compile_listener(GatewayListener(host="192.0.2.1", port=1))
    (own,) = compile_listener(_OWN)
    between = Between()
    between.control_plane_sends(foreign, type_url=LISTENER)
    assert between.relay.cache.desired[LISTENER]["gateway"] == own
    between.envoy()
    between.said.clear()
    between.relay.begin(between.said.append)
    assert between.asked()[LISTENER] == {"gateway": foreign.version}  # as the control plane knows it


def _edge() -> dict[str, tuple[Resource, ...]]:
    """Return what the control plane sends for a server certificate, by type."""
    served = Served(certificate_id=1, hosts=("api.example.com",), rest=True)
    identity = Identity(certificate_chain_pem=b"chain", private_key_pem=Secret(b"key"))
    return {SECRET: (compile_server_certificate(1, identity),), LISTENER: compile_https([served])}


@pytest.mark.parametrize(
    ("https", "listening"),
    [
        (None, {}),
        (Https(host="127.0.0.1", port=18443), {"gateway-https": 18443}),
        (Https(host="127.0.0.1", port=18443, http3=True), {"gateway-https": 18443, "gateway-http3": 18443}),
    ],
)
def test_where_a_gateway_ends_tls_its_own_settings_say(https: Https | None, listening: dict[str, int]) -> None:
    between = Between(own=dataclasses.replace(_OWN, https=https))
    between.envoy()
    nonces = [
        between.control_plane_sends(*resources, type_url=kind, line=line) for line, (kind, resources) in enumerate(_edge().items(), 1)
    ]
    desired = between.relay.cache.desired
    places = {name: Listener.FromString(one.body).address.socket_address for name, one in desired[LISTENER].items()}
    assert {name: place.port_value for name, place in places.items()} == listening
    assert bool(desired[SECRET]) == (https is not None), "whoever shows no certificate need not have its key"
    envoy = between.relay.cache.node_streams_of(GATEWAY)[0]
    if https:
        envoy.receive(Request(type_url=SECRET, subscribe=("server-1",)))
    takes_all(envoy)
    assert all((answer := between.answer_to(nonce)) and not answer.error for nonce in nonces), "nothing is waited for that never comes"
    assert set(between.relay.good) == {(one.type_url, one.name) for resources in _edge().values() for one in resources}


def test_what_there_was_no_place_for_is_there_once_the_settings_say_so() -> None:
    kept = [one for resources in _edge().values() for one in resources]
    between = Between(*kept, own=dataclasses.replace(_OWN, https=Https(host="127.0.0.1", port=18443)))
    assert set(between.relay.cache.desired[LISTENER]) == {"gateway-https"}
    assert set(between.relay.cache.desired[SECRET]) == {"server-1"}


def test_who_is_removed_has_nothing_left() -> None:
    between = Between()
    between.control_plane_sends(_cluster("api-1", "one"))
    between.control_plane_sends(Resource(SECRET, "basic-1", b"secret"), type_url=SECRET)
    between.control_plane_sends(Resource(FILTER, "keys", b"keys"), type_url=FILTER)
    envoy = between.envoy()
    between.relay.forget()
    assert takes_all(envoy) == [{"api-1": None}]
    assert not any(between.relay.cache.desired.values())
    assert not between.relay.good
