"""Back ends that ask for the client certificate after the handshake, some paths only, as IIS and App Service do: Apache in six ways."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import pytest

from kit.issuing import Issued, issue
from tests.gateway.foreign import Apache
from tests.gateway.gateways import KEY, Answer, Gateway, policy

ONLY_TLS_1_2, ONLY_TLS_1_3, OPTIONAL, DEFAULT, HTTP_2, HTTP_2_SOME_PATHS = range(6)
Call = Callable[..., Answer]


@pytest.fixture(scope="module")
def apache(server_certificate: Issued, authority: Issued) -> Iterator[Apache]:
    with Apache(server_certificate, authority) as running:
        yield running


@pytest.fixture
def call(gateway: Gateway, apache: Apache, authority: Issued, client_certificate: Issued, new_api: Callable[[], int]) -> Call:
    """Return what calls one of the six over an API of its own."""

    def call(way: int, target: str = "/secret/x", *, asks_later: bool, body: bytes = b"", identity: Issued = client_certificate) -> Answer:
        number = new_api()
        one = policy(number, f"later-{number}", port=apache.ports[way], trusted=authority)
        one = dataclasses.replace(one, backend=dataclasses.replace(one.backend, asks_later=asks_later))
        assert not gateway.publish(one, identity)
        answer = gateway.call(f"/{one.path}{target}", key=KEY, method="POST" if body else "GET", body=body or None)
        gateway.withdraw(one)
        return answer

    return call


@pytest.mark.parametrize("body", [b"", b"x" * 100, b"x" * 100_000], ids=["GET", "POST", "POST of 100 kB"])
@pytest.mark.parametrize("way", [ONLY_TLS_1_2, OPTIONAL, DEFAULT, HTTP_2, HTTP_2_SOME_PATHS])
def test_with_the_setting_the_certificate_is_presented_whenever_it_is_asked_for(call: Call, way: int, body: bytes) -> None:
    answer = call(way, asks_later=True, body=body)
    assert (answer.status, answer.headers["x-client"]) == (200, "orders-client")


@pytest.mark.parametrize("way", [ONLY_TLS_1_2, DEFAULT, HTTP_2_SOME_PATHS])
def test_where_it_is_not_asked_for_it_is_not_presented(call: Call, way: int) -> None:
    answer = call(way, "/open/x", asks_later=True)
    assert (answer.status, answer.headers["x-verify"]) == (200, "NONE")


@pytest.mark.parametrize("way", [OPTIONAL, HTTP_2])
def test_who_asks_in_the_handshake_needs_no_setting(call: Call, way: int) -> None:
    answer = call(way, asks_later=False)
    assert (answer.status, answer.headers["x-client"]) == (200, "orders-client")


def test_a_back_end_that_asks_after_a_tls_1_3_handshake_cannot_be_answered_and_that_is_said(call: Call) -> None:
    assert call(ONLY_TLS_1_3, asks_later=False).status == 403
    assert call(ONLY_TLS_1_3, asks_later=True).headers["x-failure-kind"] == "no-common-tls"


@pytest.mark.parametrize(
    ("way", "kind"),
    [(ONLY_TLS_1_2, "dropped"), (DEFAULT, "client-certificate-refused"), (HTTP_2_SOME_PATHS, "reset")],
    ids=["TLS 1.2", "TLS 1.3", "HTTP/2"],
)
def test_without_the_setting_nothing_is_said_against_the_certificate(call: Call, way: int, kind: str | None) -> None:
    answer = call(way, asks_later=False)
    assert answer.headers.get("x-failure-kind") == kind
    assert b"refused the client certificate" not in answer.body
    assert answer.status == (403 if way == DEFAULT else 502)


def test_a_certificate_refused_when_it_is_asked_for_later_is_told(call: Call) -> None:
    answer = call(ONLY_TLS_1_2, asks_later=True, identity=issue("a stranger"))
    assert answer.headers["x-failure-kind"] == "broken-off"
    assert "refused the client certificate" in answer.message
