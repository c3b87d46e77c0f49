"""Every way in which a connection to a back end comes to grief is told from the others, on servers that really do so."""

from __future__ import annotations

import contextlib
import errno
import socket
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any, NamedTuple

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from apis.handshake.kinds import PERHAPS, WELL, Asked, Kind, kind_of
from apis.handshake.of_backend import question_about
from apis.handshake.seen import End, Seen, Stage
from apis.handshake.shaking import shake_hands
from apis.policy.model import Backend, Protocol, Trust
from certificates.identity import Identity
from kit.issuing import Issued, impersonated, issue, rsa_key
from kit.ports import free_ports
from tests.apis.tls_servers import alert, by_tls, context_of, resetting, saying, serving, silent
from tests.gateway.foreign import Apache, Nginx, OpenSsl

LOOPBACK = (ip_network("127.0.0.0/8"),)
HOSTS = ("localhost", "127.0.0.1")
NOW, DAY = datetime.now(UTC), timedelta(days=1)
ENDED, TO_COME = NOW - 2 * DAY, NOW + 2 * DAY
NEWEST = pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])

AUTHORITY = issue("Test authority", authority=True)
BETWEEN = issue("Intermediate", by=AUTHORITY, authority=True)
ANOTHER = issue("Another authority", authority=True)
SERVER = issue("backend", by=AUTHORITY, hosts=HOSTS, key=rsa_key())
CLIENT = issue("client", by=AUTHORITY)
SERVER_AUTH, CLIENT_AUTH = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH


def looked(
    port: int, *, presents: Issued | None = CLIENT, path: str = "/", trusted: Issued = AUTHORITY, seconds: float = 0, **more: Any
) -> tuple[Kind, Seen]:
    """Look at a back end of this machine; return what kind of outcome it is, and what was seen."""
    host, allowed = more.pop("host", "localhost"), more.pop("allowed", LOOPBACK)
    backend = Backend(scheme="https", host=host, port=port, path="", trust=more.pop("trust", Trust(trusted_ca=trusted.pem)), **more)
    pfx = presents.as_pfx() if presents else None
    identity = Identity.of(pfx.certificate, pfx.chain, pfx.private_key) if pfx else None
    seen = shake_hands(question_about(backend, path=path, identity=identity, allowed=allowed), seconds=seconds)
    return kind_of(seen, Asked(backend=backend, presents=presents is not None)), seen


def test_where_nothing_is_reached_it_is_told_why() -> None:
    (free,) = free_ports(1)
    assert looked(free)[0] is Kind.NOTHING_LISTENS
    assert looked(443, host=f"{'a' * 64}.example")[0] is Kind.NO_SUCH_NAME
    assert looked(443, host="no-such-host.invalid")[0] in {
        Kind.NO_SUCH_NAME,
        Kind.NO_NAME_SERVER,
    }  # as the machine has a name server or not
    kind, seen = looked(free, allowed=())
    assert (kind, seen.address) == (Kind.FORBIDDEN_ADDRESS, "")
    assert "127.0.0.1" in seen.addresses


def test_who_takes_no_connection_is_not_waited_for_long() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, contextlib.ExitStack() as waiting:
        for _ in range(4):  # the kernel lets one or two more in than it was told
            caller = waiting.enter_context(socket.socket())
            caller.setblocking(False)
            assert caller.connect_ex(full.getsockname()) in {0, errno.EINPROGRESS}
        kind, seen = looked(full.getsockname()[1], seconds=0.5)
    assert kind is Kind.NO_CONNECTION_IN_TIME
    assert seen.stage is Stage.CONNECT


# What a server says to the first words of a client.
FIRST_WORDS = [
    (b"HTTP/1.1 400 Bad Request\r\n\r\n", Kind.NOT_TLS),
    (b"SSH-2.0-OpenSSH_9.2\r\n", Kind.NOT_TLS),
    (b"", Kind.BROKEN_OFF_AT_HELLO),
    (alert(40), Kind.NO_COMMON_CIPHER),
    (alert(70), Kind.TOO_OLD),
    (alert(80), Kind.NO_HANDSHAKE),
    (alert(112), Kind.UNKNOWN_SERVER_NAME),
    (alert(120), Kind.NO_COMMON_HTTP),
]


@pytest.mark.parametrize(("words", "kind"), FIRST_WORDS)
def test_who_does_not_shake_hands_is_told_by_what_it_says_instead(words: bytes, kind: Kind) -> None:
    with serving(saying(words)) as server:
        assert looked(server.port)[0] is kind


def test_so_is_who_says_nothing_or_resets_the_connection() -> None:
    with serving(silent) as server:
        assert looked(server.port, seconds=0.5)[0] is Kind.SILENT
    with serving(resetting) as server:
        assert looked(server.port)[0] is Kind.BROKEN_OFF_AT_HELLO


def openssl(*options: str) -> OpenSsl:
    return OpenSsl(certificate=SERVER.pem, key=SERVER.key_pem, options=options)


class Parameters(NamedTuple):
    """What a server offers, what the API allows, and what comes of it."""

    options: tuple[str, ...]
    api: dict[str, Any]
    kind: Kind


@pytest.mark.parametrize(
    "one",
    [
        Parameters(("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"), {}, Kind.TOO_OLD),
        Parameters(("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"), {"older_servers": True}, Kind.NOT_ASKED),
        Parameters(("-tls1_3",), {"asks_later": True}, Kind.NEEDS_TLS13),
        Parameters(("-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256"), {}, Kind.NO_COMMON_CIPHER),  # Envoy's library has none of these
    ],
)
def test_what_is_offered_is_what_the_gateway_offers(one: Parameters) -> None:
    with openssl(*one.options) as server:
        assert looked(server.port, **one.api)[0] is one.kind


OWN_CERTIFICATES = [
    (issue("expired", by=AUTHORITY, hosts=HOSTS, not_before=ENDED - DAY, not_after=ENDED), Kind.SERVER_EXPIRED),
    (issue("coming", by=AUTHORITY, hosts=HOSTS, not_before=TO_COME, not_after=TO_COME + DAY), Kind.SERVER_NOT_YET_VALID),
    (issue("self", hosts=HOSTS), Kind.SERVER_SELF_SIGNED),
    (issue("alone", by=Issued(certificate=BETWEEN.certificate, key=BETWEEN.key), hosts=HOSTS), Kind.SERVER_CHAIN_INCOMPLETE),
    (issue("strange", by=issue("Between", by=ANOTHER, authority=True), hosts=HOSTS), Kind.SERVER_AUTHORITY_UNKNOWN),
    (issue("client's", by=AUTHORITY, hosts=HOSTS, purpose=CLIENT_AUTH), Kind.SERVER_WRONG_PURPOSE),
    (issue("elsewhere", by=AUTHORITY, hosts=("backend.example",)), Kind.SERVER_WRONG_NAME),
    (impersonated(SERVER, signed_by=ANOTHER), Kind.SERVER_CHAIN_BROKEN),
    (issue("through", by=BETWEEN, hosts=HOSTS), Kind.ACCEPTED),
]


@NEWEST
@pytest.mark.parametrize(("shown", "kind"), OWN_CERTIFICATES, ids=[kind.value for _, kind in OWN_CERTIFICATES])
def test_what_is_wrong_with_a_back_ends_own_certificate_is_told(shown: Issued, kind: Kind, newest: ssl.TLSVersion) -> None:
    shown_alone = Issued(certificate=shown.certificate, key=shown.key) if kind is Kind.SERVER_CHAIN_INCOMPLETE else shown
    with serving(by_tls(context_of(shown_alone, accepts=AUTHORITY, newest=newest))) as server:
        found, seen = looked(server.port)
        unchecked, _ = looked(server.port, trust=Trust(validate_chain=False, validate_name=False))
    assert found is kind
    assert unchecked is Kind.ACCEPTED
    assert seen.chain[0] == shown.der
    assert (seen.anchor == AUTHORITY.der) is (kind in {Kind.ACCEPTED, Kind.SERVER_WRONG_NAME})


CLIENTS = [
    (CLIENT, Kind.ACCEPTED),
    (None, Kind.DEMANDED),
    (issue("stranger", by=ANOTHER), Kind.CLIENT_AUTHORITY_UNKNOWN),
    (issue("expired", by=AUTHORITY, not_before=ENDED - DAY, not_after=ENDED), Kind.CLIENT_EXPIRED),
    (issue("server's", by=AUTHORITY, purpose=SERVER_AUTH), Kind.CLIENT_UNSUPPORTED),
    (issue("coming", by=AUTHORITY, not_before=TO_COME, not_after=TO_COME + DAY), Kind.CLIENT_BAD),
    (impersonated(CLIENT, signed_by=ANOTHER), Kind.CLIENT_SIGNATURE),
]


@NEWEST
@pytest.mark.parametrize(("shown", "kind"), CLIENTS, ids=[kind.value for _, kind in CLIENTS])
def test_a_client_certificate_that_is_refused_is_told_with_the_reason(shown: Issued | None, kind: Kind, newest: ssl.TLSVersion) -> None:
    with serving(by_tls(context_of(SERVER, accepts=AUTHORITY, newest=newest))) as server:
        found, seen = looked(server.port, presents=shown)
    assert found is kind
    assert seen.asked_for_certificate
    assert seen.protocol == newest.name.replace("_", ".")


@NEWEST
def test_so_is_one_that_was_revoked(newest: ssl.TLSVersion) -> None:
    with serving(by_tls(context_of(SERVER, accepts=AUTHORITY, newest=newest, revoked=CLIENT))) as server:
        assert looked(server.port)[0] is Kind.CLIENT_REVOKED


ANSWERS = [
    (b"HTTP/1.1 200 OK\r\n\r\nok", Kind.NOT_ASKED, Kind.REACHED),
    (b"HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/\r\n\r\n", Kind.NOT_ASKED, Kind.REDIRECTED),
    (b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", Kind.FORBIDDEN_ANSWER, Kind.FORBIDDEN_ANSWER),
    (b"HTTP/1.1 403 Forbidden\r\n\r\n<h3>HTTP Error 403.16</h3>", Kind.PAGE_REFUSES, Kind.PAGE_DEMANDS),
    (b"HTTP/1.1 403 Forbidden\r\n\r\n<h3>HTTP Error 403.7</h3>", Kind.PAGE_DEMANDS, Kind.PAGE_DEMANDS),
    (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", Kind.FAILING_ANSWER, Kind.FAILING_ANSWER),
    (b"220 mail.example ESMTP\r\n", Kind.NOT_HTTP, Kind.NOT_HTTP),
    (b"", Kind.CLOSED_WITHOUT_ANSWER, Kind.CLOSED_WITHOUT_ANSWER),
]


@NEWEST
@pytest.mark.parametrize(("answer", "with_one", "without"), ANSWERS)
def test_what_is_answered_is_told_with_a_certificate_and_without(
    answer: bytes, with_one: Kind, without: Kind, newest: ssl.TLSVersion
) -> None:
    with serving(by_tls(context_of(SERVER, newest=newest), answer)) as server:
        assert looked(server.port)[0] is with_one
        assert looked(server.port, presents=None)[0] is without


def test_who_never_answers_is_not_waited_for_long() -> None:
    def never(connection: socket.socket) -> None:
        with context_of(SERVER).wrap_socket(connection, server_side=True) as secure:
            silent(secure)

    with serving(never) as server:
        assert looked(server.port, seconds=1)[0] is Kind.NO_ANSWER_IN_TIME


@pytest.mark.parametrize("versions", ["TLSv1.2", "TLSv1.3"])
def test_nginx_refuses_with_pages_that_tell_the_one_from_the_other(versions: str) -> None:
    with Nginx(SERVER, "ssl", f"ssl_protocols {versions};", AUTHORITY) as nginx:
        shown = [CLIENT, None, issue("stranger", by=ANOTHER)]
        looks = [looked(nginx.port, presents=one) for one in shown]
    assert [kind for kind, _ in looks] == [Kind.ACCEPTED, Kind.PAGE_DEMANDS, Kind.PAGE_REFUSES]
    assert {seen.issuers for _, seen in looks} == {("CN=Test authority,O=Example",)}
    assert {seen.issuer_names for _, seen in looks} == {(AUTHORITY.certificate.subject.public_bytes(),)}


def test_apache_asks_later_and_that_is_seen_under_tls_12_and_behind_tls_13() -> None:
    with Apache(SERVER, AUTHORITY) as apache:
        renegotiating, _only_13, optional, by_default, *_ = apache.ports
        assert looked(renegotiating, path="/open/x")[0] is Kind.NOT_ASKED
        assert looked(renegotiating, path="/secret/x")[0] is Kind.ASKED_LATER
        assert looked(by_default, path="/secret/x")[0] is Kind.ASKED_LATER
        assert looked(renegotiating, path="/secret/x", asks_later=True)[0] is Kind.ACCEPTED
        assert looked(optional, path="/open/x")[0] is Kind.ACCEPTED
        assert looked(optional, path="/open/x", presents=None)[0] is Kind.REACHED


def test_a_redirect_is_not_followed_and_an_address_is_not_looked_up_twice() -> None:
    with serving(by_tls(context_of(SERVER), b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n\r\n")) as server:
        _, seen = looked(server.port, host="127.0.0.1", trust=Trust(trusted_ca=AUTHORITY.pem), protocol=Protocol.HTTP1)
    assert (seen.status, seen.addresses, seen.address) == (302, ("127.0.0.1",), "127.0.0.1")


def test_a_certificate_whose_key_is_another_ones_is_not_shown() -> None:
    mixed = Issued(certificate=CLIENT.certificate, key=SERVER.key)
    with serving(by_tls(context_of(SERVER, accepts=AUTHORITY))) as server:
        assert looked(server.port, presents=mixed)[0] is Kind.UNLOADABLE


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (40, Kind.CLIENT_REFUSED),
        (46, Kind.CLIENT_UNKNOWN),
        (49, Kind.CLIENT_DENIED),
        (116, Kind.CLIENT_NOT_SENT),
        (80, Kind.CLIENT_REFUSED),
        (None, Kind.CLIENT_BROKEN_OFF),
    ],
)
def test_the_other_alerts_have_their_kinds(number: int | None, kind: Kind) -> None:
    backend = Backend(scheme="https", host="localhost", port=1, path="", trust=Trust(validate_chain=False))
    seen = Seen(stage=Stage.AFTER, end=End.ALERT if number else End.CLOSED, alert=number, asked_for_certificate=True)
    assert kind_of(seen, Asked(backend=backend, presents=True)) is kind
    assert kind_of(seen, Asked(backend=backend, presents=False)) is Kind.DEMANDED


def test_no_kind_is_well_and_doubtful_at_once() -> None:
    assert not WELL & PERHAPS
