"""Envoy's messages as they come."""

from __future__ import annotations

import pytest
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest
from google.protobuf.message import DecodeError

from gateway.streams.wire import read_request, request_of


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
