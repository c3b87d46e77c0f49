"""Which back ends choose HTTP/2, asked of real servers."""

from __future__ import annotations

import ssl
from ipaddress import ip_network

import pytest

from gateway.control import alpn
from gateway.control.alpn import BackEnd, Handshakes
from kit.issuing import Issued
from kit.ports import free_ports
from portal.threads import WatchedThreads
from tests.gateway.backends import Backend, Http2Backend
from tests.gateway.plant import eventually

LOOPBACK = [ip_network("127.0.0.0/8")]


def asking(*, allowed: object = LOOPBACK) -> Handshakes:
    handshakes = Handshakes(allowed=allowed)  # type: ignore[arg-type]  # a list of networks
    handshakes.start(WatchedThreads(lambda: pytest.fail("A thread has ended.")).start)
    return handshakes


def test_a_back_end_that_offers_http2_is_known_after_its_handshake(http2_backend: Http2Backend) -> None:
    handshakes, there = asking(), BackEnd("localhost", http2_backend.port)
    assert not handshakes.chooses_http2(there)
    assert eventually(handshakes.news) == {there}
    assert handshakes.chooses_http2(there)


def test_one_that_demands_a_certificate_within_the_handshake_has_chosen_before(server_certificate: Issued, authority: Issued) -> None:
    with Backend(server_certificate, authority, newest=ssl.TLSVersion.TLSv1_2, offers=("h2", "http/1.1")) as strict:
        handshakes, there = asking(), BackEnd("127.0.0.1", strict.port)
        assert not handshakes.chooses_http2(there)
        assert eventually(handshakes.news) == {there}


def test_what_a_back_end_no_longer_offers_is_news_when_it_is_asked_again(
    server_certificate: Issued, authority: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    handshakes = asking()
    with Backend(server_certificate, authority, offers=("h2",)) as backend:
        there = BackEnd("localhost", backend.port)
        handshakes.chooses_http2(there)
        eventually(handshakes.news)
    with Backend(server_certificate, authority, port=there.port):
        monkeypatch.setattr(alpn, "ASK_AGAIN_SECONDS", 0.1)
        handshakes.told(there)  # from now on it is due soon
        assert eventually(handshakes.news) == {there}
        assert not handshakes.chooses_http2(there)


def test_an_address_that_no_api_may_call_is_not_asked_either(http2_backend: Http2Backend) -> None:
    guarded, free = asking(allowed=[]), asking()
    there = BackEnd("localhost", http2_backend.port)
    assert not guarded.chooses_http2(there)
    assert not free.chooses_http2(there)
    eventually(free.news)  # asked later, and answered
    assert guarded.news() == set()


def test_one_that_did_not_answer_is_asked_again_soon(
    server_certificate: Issued, authority: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alpn, "_FIRST_PAUSE", 0.1)
    (port,) = free_ports(1)
    handshakes, there = asking(), BackEnd("localhost", port)
    assert not handshakes.chooses_http2(there)
    assert handshakes.news() == set()
    with Backend(server_certificate, authority, offers=("h2",), port=port):
        assert eventually(handshakes.news) == {there}


def test_what_a_gateway_has_seen_counts_though_nobody_answers_here() -> None:
    handshakes, there = asking(), BackEnd("localhost", free_ports(1)[0])
    handshakes.chooses_http2(there)
    handshakes.told(there)
    assert eventually(handshakes.news) == {there}
    assert handshakes.chooses_http2(there)


def test_what_is_not_kept_is_forgotten(http2_backend: Http2Backend) -> None:
    handshakes, there = asking(), BackEnd("localhost", http2_backend.port)
    handshakes.chooses_http2(there)
    eventually(handshakes.news)
    handshakes.keep([])
    assert not handshakes.chooses_http2(there)
