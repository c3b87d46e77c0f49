"""Envoy's messages as they come."""

from __future__ import annotations

import pytest
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse
from google.protobuf.message import DecodeError

from gateway.compile import Resource
from gateway.compile.resource import CLUSTER
from gateway.streams.delta import Batch
from gateway.streams.wire import encoded, line_of, read_request, request_of, resources_of, response_of


def test_words_of_a_refusal_that_are_cut_within_a_character_are_read() -> None:
    whole = DeltaDiscoveryRequest(type_url="clusters", response_nonce="7")
    whole.error_detail.message = "not a host: bücher"
    cut = whole.SerializeToString().replace("ü".encode(), b"\xc3e")
    with pytest.raises(DecodeError):
        DeltaDiscoveryRequest.FromString(cut)
    request = request_of(read_request(cut))
    assert request.error.startswith("not a host: b")
    assert (request.type_url, request.nonce) == ("clusters", "7")


def test_what_is_no_request_is_refused() -> None:
    with pytest.raises(DecodeError):
        read_request(b"\x0a\xff\xff\xff\xff\x0f")


def test_a_response_reads_as_one_message_however_it_was_put_together() -> None:
    resources = {name: Resource(CLUSTER, name, name.encode() * 100) for name in ("api-1", "api-2")}
    sent = response_of(CLUSTER, Batch("7", resources, ("api-3",)), line=42, encode=encoded)
    read = DeltaDiscoveryResponse.FromString(sent)
    assert (read.type_url, read.nonce, line_of(read), list(read.removed_resources)) == (CLUSTER, "7", 42, ["api-3"])
    assert resources_of(read) == tuple(resources.values())
    assert [one.version for one in read.resources] == [one.version for one in resources.values()]
