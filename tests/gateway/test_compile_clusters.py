"""What back ends see of a real Envoy, and what callers are told when a back end cannot be called."""

from __future__ import annotations

import dataclasses
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from apis.policy.model import AuthenticationBasic, Policy, Trust
from certificates.identity import Identity
from certificates.sealing import Secret
from gateway.compile import compile_cluster, compile_refusal
from gateway.compile.backends.clusters import IdentityMissing
from kit.issuing import Issued, PrivateKey, issue, rsa_key
from kit.ports import free_ports
from tests.gateway.backends import Backend, Http2Backend
from tests.gateway.gateways import KEY, Answer, Gateway, policy

NOTHING_CHECKED = Trust(validate_chain=False, validate_name=False)
Serve = Callable[..., Policy]


@pytest.fixture
def serve(gateway: Gateway, authority: Issued, client_certificate: Issued, new_api: Callable[[], int]) -> Iterator[Serve]:
    """Return what publishes an API in front of a port, with whatever differs from the ordinary; the API goes when the test ends."""
    published = []

    def serve(port: int, identity: Issued | None = client_certificate, **different: object) -> Policy:
        number = new_api()
        one = policy(number, f"cluster-{number}", port=port, presents=identity is not None, trusted=authority, **different)  # type: ignore[arg-type]  # passed on
        assert not gateway.publish(one, identity)
        published.append(one)
        return one

    yield serve
    for one in published:
        gateway.withdraw(one)


def called(gateway: Gateway, one: Policy, path: str = "/1") -> Answer:
    return gateway.call(f"/{one.path}{path}", key=KEY)


def assert_failed(gateway: Gateway, answer: Answer, message: str, *, status: int = 502) -> None:
    """Check the answer's every part, and that its activity id finds the call in the log."""
    assert answer.status == status, answer
    assert answer.json == {"statusCode": status, "message": message, "activityId": answer.headers["x-activity-id"]}
    assert answer.headers["content-type"] == "application/json"
    until = time.monotonic() + 5
    while time.monotonic() < until:
        if any(entry.response.response_headers["x-activity-id"] == answer.headers["x-activity-id"] for entry in gateway.feed.failed_calls):
            return
        time.sleep(0.02)
    raise AssertionError("The failed call is not in the log.")


# --- the certificate ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key",
    [
        rsa_key(),
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP521R1()),
        ed25519.Ed25519PrivateKey.generate(),
    ],
    ids=["RSA", "P-256", "P-384", "P-521", "Ed25519"],
)
@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2], ids=["TLS 1.3", "TLS 1.2"])
def test_the_back_end_sees_the_chosen_certificate(
    gateway: Gateway, serve: Serve, server_certificate: Issued, authority: Issued, key: PrivateKey, newest: ssl.TLSVersion
) -> None:
    client = issue("client", by=authority, key=key)
    with Backend(server_certificate, authority, newest) as backend:
        assert called(gateway, serve(backend.port, client)).status == 200
        assert [call.thumbprint for call in backend.calls] == [client.thumbprint]


def test_an_expired_client_certificate_is_sent_all_the_same(
    gateway: Gateway, serve: Serve, server_certificate: Issued, authority: Issued
) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    expired = issue("expired", by=authority, not_before=yesterday - timedelta(days=1), not_after=yesterday)
    with Backend(server_certificate, authority) as backend:
        assert "refused the client certificate" in called(gateway, serve(backend.port, expired)).message


def test_certificates_between_the_authority_and_the_leaf_are_sent(
    gateway: Gateway, serve: Serve, backend: Backend, authority: Issued
) -> None:
    between = issue("between", by=authority, authority=True)
    leaf = issue("leaf", by=between)
    assert called(gateway, serve(backend.port, dataclasses.replace(leaf, chain=(between.certificate,)))).status == 200
    assert backend.calls[0].thumbprint == leaf.thumbprint


def test_http_2_is_spoken_where_the_back_end_offers_it(
    gateway: Gateway, serve: Serve, http2_backend: Http2Backend, client_certificate: Issued
) -> None:
    assert called(gateway, serve(http2_backend.port)).status == 200
    assert http2_backend.calls[0].header("x-protocol") == "HTTP/2"
    assert http2_backend.calls[0].thumbprint == client_certificate.thumbprint


def test_a_call_says_the_scheme_that_it_goes_by_and_not_the_one_it_came_by(
    gateway: Gateway, serve: Serve, http2_backend: Http2Backend
) -> None:
    """Tomcat refuses a call over TLS that says ``http`` (RFC 9113, 8.3.1)."""
    assert called(gateway, serve(http2_backend.port)).status == 200
    assert http2_backend.calls[0].header("x-scheme") == "https"


def test_after_a_switch_every_call_carries_the_new_certificate_also_on_an_open_connection(
    gateway: Gateway, serve: Serve, http2_backend: Http2Backend, authority: Issued
) -> None:
    one = serve(http2_backend.port)
    for number in range(5):
        fresh = issue(f"client-{number}", by=authority)
        assert called(gateway, one).status == 200
        gateway.publish(one, fresh)
        assert called(gateway, one).status == 200
        assert http2_backend.calls[-1].thumbprint == fresh.thumbprint


def test_apis_in_front_of_one_back_end_keep_to_their_own_certificates(
    gateway: Gateway, serve: Serve, http2_backend: Http2Backend, authority: Issued
) -> None:
    clients = [issue(f"client-{number}", by=authority) for number in range(3)]
    published = [serve(http2_backend.port, client) for client in clients]
    for _ in range(3):
        for one in published:
            assert called(gateway, one).status == 200
    assert [call.thumbprint for call in http2_backend.calls] == [client.thumbprint for client in clients] * 3


def test_a_policy_that_presents_a_certificate_is_never_compiled_without_one(authority: Issued) -> None:
    with pytest.raises(IdentityMissing):
        compile_cluster(policy(1, "orders", port=1, trusted=authority), None)


def test_a_certificate_that_envoy_refuses_harms_its_own_api_only(
    gateway: Gateway, serve: Serve, backend: Backend, authority: Issued, new_api: Callable[[], int]
) -> None:
    good = serve(backend.port)
    bad = policy(new_api(), "bad-key", port=backend.port, trusted=authority)
    mismatch = Identity.of(issue("a", by=authority).der, (), Secret(issue("b", by=authority).key_der))
    refused = gateway.put(bad, compile_cluster(bad, mismatch))
    assert [name for _, name in refused] == [f"api-{bad.api_id}"]
    assert_failed(gateway, called(gateway, bad), "The gateway has refused the settings of this API's back end; the portal says why.")
    assert called(gateway, good).status == 200
    gateway.withdraw(bad)


def test_an_api_that_cannot_be_served_refuses_its_calls_and_says_why(
    gateway: Gateway, backend: Backend, authority: Issued, new_api: Callable[[], int]
) -> None:
    one = policy(new_api(), "closed", port=backend.port, trusted=authority)
    reason = 'This API\'s client certificate cannot be read: "key" \\ missing.'
    assert not gateway.put(one, compile_refusal(one, reason))
    assert_failed(gateway, called(gateway, one), reason)
    assert not backend.calls
    gateway.withdraw(one)


# --- what is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("newest", "message"),
    [
        (ssl.TLSVersion.TLSv1_3, "The back end refused the client certificate, or broke the connection off before it answered."),
        (ssl.TLSVersion.TLSv1_2, "The back end refused the client certificate."),
    ],
    ids=["TLS 1.3", "TLS 1.2"],
)
def test_a_refused_client_certificate_is_named(
    gateway: Gateway, serve: Serve, server_certificate: Issued, authority: Issued, newest: ssl.TLSVersion, message: str
) -> None:
    with Backend(server_certificate, authority, newest) as backend:
        assert_failed(gateway, called(gateway, serve(backend.port, issue("a stranger"))), message)
        assert not backend.calls


@pytest.mark.parametrize(
    ("newest", "message"),
    [
        (
            ssl.TLSVersion.TLSv1_3,
            "The back end refused the client certificate (this API presents none), or broke the connection off before it answered.",
        ),
        (ssl.TLSVersion.TLSv1_2, "The back end refused the call: it demands a client certificate, and this API presents none."),
    ],
    ids=["TLS 1.3", "TLS 1.2"],
)
def test_a_lacking_client_certificate_is_named(
    gateway: Gateway, serve: Serve, server_certificate: Issued, authority: Issued, newest: ssl.TLSVersion, message: str
) -> None:
    with Backend(server_certificate, authority, newest) as backend:
        assert_failed(gateway, called(gateway, serve(backend.port, None)), message)


NAME_MISMATCH = "The back end's certificate was issued for another host (name mismatch)."
UNVERIFIED = "The back end's certificate could not be verified: no trusted authority has issued it."
NOT_HTTP = "The back end's answer cannot be taken: it is not valid HTTP, or has more than 100 headers or 60 kB of them."
EXPIRED = "The back end's certificate could not be verified: it has expired."


def test_a_back_end_that_shows_another_hosts_certificate_is_refused(gateway: Gateway, serve: Serve, authority: Issued) -> None:
    with Backend(issue("other", by=authority, hosts=("other.example",)), authority) as backend:
        assert_failed(gateway, called(gateway, serve(backend.port)), NAME_MISMATCH)
        assert called(gateway, serve(backend.port, trust=Trust(trusted_ca=authority.pem, validate_name=False))).status == 200
        assert called(gateway, serve(backend.port, trust=NOTHING_CHECKED)).status == 200


def test_a_back_end_by_address_is_checked_by_its_address(gateway: Gateway, serve: Serve, backend: Backend, authority: Issued) -> None:
    assert called(gateway, serve(backend.port, host="127.0.0.1")).status == 200
    with Backend(issue("named", by=authority, hosts=("localhost",)), authority) as named:
        assert_failed(gateway, called(gateway, serve(named.port, host="127.0.0.1")), NAME_MISMATCH)


def test_a_back_end_of_an_unknown_authority_is_refused(gateway: Gateway, serve: Serve, authority: Issued) -> None:
    with Backend(issue("self-signed", hosts=("localhost",)), authority) as backend:
        assert_failed(gateway, called(gateway, serve(backend.port)), UNVERIFIED)
        assert called(gateway, serve(backend.port, trust=NOTHING_CHECKED)).status == 200


def test_the_systems_authorities_are_really_asked(gateway: Gateway, serve: Serve, backend: Backend) -> None:
    assert_failed(gateway, called(gateway, serve(backend.port, trust=Trust())), UNVERIFIED)
    assert not backend.calls


def test_a_back_end_with_an_expired_certificate_is_refused(gateway: Gateway, serve: Serve, authority: Issued) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    expired = issue("expired", by=authority, hosts=("localhost",), not_before=yesterday - timedelta(days=1), not_after=yesterday)
    with Backend(expired, authority) as backend:
        assert_failed(gateway, called(gateway, serve(backend.port)), EXPIRED)
        assert called(gateway, serve(backend.port, trust=NOTHING_CHECKED)).status == 200


def test_a_back_end_that_is_not_there_could_not_be_reached(gateway: Gateway, serve: Serve) -> None:
    (port,) = free_ports(1)
    assert_failed(gateway, called(gateway, serve(port)), "The back end could not be reached: the connection was refused.")


def test_a_back_end_whose_name_has_no_address_could_not_be_reached(gateway: Gateway, serve: Serve) -> None:
    one = serve(443, host="no-such-host.invalid")
    assert_failed(gateway, called(gateway, one), "The back end could not be reached: its host name has no address.")


def test_a_back_end_that_never_finishes_its_handshake_could_not_be_reached(gateway: Gateway, serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        one = serve(silent.getsockname()[1])
        assert_failed(gateway, called(gateway, one), "The back end could not be reached: no connection was made in time.")


def test_a_back_end_without_tls_where_tls_is_expected_could_not_be_reached(gateway: Gateway, serve: Serve) -> None:
    with Backend() as plain:
        assert_failed(gateway, called(gateway, serve(plain.port)), "The back end could not be reached: the TLS handshake failed.")


def test_a_back_end_that_drops_the_call_is_named(gateway: Gateway, serve: Serve, backend: Backend) -> None:
    one = serve(backend.port)
    assert_failed(
        gateway,
        called(gateway, one, "/drop"),
        "The back end refused the client certificate, or broke the connection off before it answered.",
    )
    assert len(backend.calls) == 2, "what may safely be sent twice is tried again once"
    gateway.call(f"/{one.path}/drop", method="POST", key=KEY, body=b"x")
    assert len(backend.calls) == 3, "a POST that the back end has seen is never repeated"


def test_a_back_end_that_answers_something_else_than_http_is_named(gateway: Gateway, serve: Serve) -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), _NotHttp) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        one = serve(server.server_address[1], None, scheme="http")
        assert_failed(gateway, called(gateway, one), NOT_HTTP)
        server.shutdown()


class _NotHttp(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.rfile.readline()
        self.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")


@pytest.mark.parametrize("status", [400, 401, 404, 500, 502, 503, 504])
def test_what_the_back_end_itself_answers_is_left_alone(gateway: Gateway, serve: Serve, backend: Backend, status: int) -> None:
    answer = called(gateway, serve(backend.port), f"/status/{status}")
    assert answer.status == status
    assert answer.json["target"] == f"/status/{status}"
    assert "x-activity-id" not in answer.headers
    assert not [name for name in answer.headers if name.startswith("x-envoy")]


# --- HTTP basic --------------------------------------------------------------------------------------------------------


def _basic(password: str) -> AuthenticationBasic:
    return AuthenticationBasic(username="benutzer", password=Secret(password.encode()))


def test_basic_credentials_replace_what_the_caller_sends_and_a_new_password_counts_at_once(gateway: Gateway, serve: Serve) -> None:
    with Backend() as plain:
        one = serve(plain.port, None, scheme="http", inbound=(_basic("pässword:1"),))
        gateway.call(f"/{one.path}", key=KEY, headers={"Authorization": "Bearer the-callers"})
        gateway.publish(dataclasses.replace(one, inbound=(_basic("2"),)))
        called(gateway, one)
        sent = [call.header("authorization") for call in plain.calls]
        assert sent == ["Basic YmVudXR6ZXI6cMOkc3N3b3JkOjE=", "Basic YmVudXR6ZXI6Mg=="]


def test_without_its_basic_credentials_an_api_refuses_its_calls(gateway: Gateway, new_api: Callable[[], int]) -> None:
    with Backend() as plain:
        one = policy(new_api(), "lacks-basic", port=plain.port, scheme="http", presents=False, inbound=(_basic("1"),))
        gateway.put(one, [resource for resource in compile_cluster(one, None) if resource.name.startswith("api-")])
        assert_failed(gateway, called(gateway, one), "The gateway has no credentials to send to the back end.")
        assert not plain.calls
        gateway.withdraw(one)


def test_without_basic_credentials_the_callers_authorization_passes(gateway: Gateway, serve: Serve) -> None:
    with Backend() as plain:
        gateway.call(f"/{serve(plain.port, None, scheme='http').path}", key=KEY, headers={"Authorization": "Bearer the-callers"})
        assert plain.calls[0].header("authorization") == "Bearer the-callers"


def test_no_secret_stands_in_what_the_admin_page_shows(
    gateway: Gateway, serve: Serve, backend: Backend, client_certificate: Issued
) -> None:
    serve(backend.port)
    serve(backend.port, None, scheme="http", inbound=(_basic("an-open-secret"),))
    shown = gateway.admin("/config_dump")
    key = "".join(client_certificate.key_pem.splitlines()[1:-1])
    for secret in ("PRIVATE KEY", key[:40], "an-open-secret", "YmVudXR6ZXI6YW4tb3Blbi1zZWNyZXQ="):
        assert secret not in shown
    assert "api-" in shown


def test_resources_are_not_printed_with_what_they_hold(authority: Issued, client_certificate: Issued) -> None:
    one = policy(1, "orders", port=1, trusted=authority, presents=False, inbound=(_basic("an-open-secret"),))
    assert "secret" not in repr(compile_cluster(one, None)).replace("basic-1", "").lower().replace("secret'", "")
