"""What a look means: one kind for all that was seen. [pure]

The order is the order in which a call of the gateway would come to grief: the name, the connection, the handshake, the back end's own
certificate, the client certificate, the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from cryptography import x509

from apis.handshake.seen import End, Objection, Seen, Stage
from apis.handshake.trust import bears_name
from apis.policy.model import Backend
from apis.policy.refusal_pages import demands_certificate, refuses_certificate


class Kind(StrEnum):
    """What came out."""

    # well
    ACCEPTED = "accepted"  # the certificate was asked for and taken
    REACHED = "reached"  # none is presented, and none was needed
    REDIRECTED = "redirected"
    # perhaps
    NOT_ASKED = "not-asked"
    FORBIDDEN_ANSWER = "forbidden-answer"
    FAILING_ANSWER = "failing-answer"
    NOT_SEEN = "not-seen"  # an agent that cannot look closely, or that has not answered
    # the way there
    NO_SUCH_NAME = "no-such-name"
    NO_NAME_SERVER = "no-name-server"
    FORBIDDEN_ADDRESS = "forbidden-address"
    NOTHING_LISTENS = "nothing-listens"
    NO_ROUTE = "no-route"
    NO_CONNECTION_IN_TIME = "no-connection-in-time"
    # the handshake, before certificates matter
    NOT_TLS = "not-tls"
    SILENT = "silent"
    BROKEN_OFF_AT_HELLO = "broken-off-at-hello"
    TOO_OLD = "too-old"
    NEEDS_TLS13 = "needs-tls13"
    NO_COMMON_CIPHER = "no-common-cipher"
    UNKNOWN_SERVER_NAME = "unknown-server-name"
    NO_COMMON_HTTP = "no-common-http"
    NO_HANDSHAKE = "no-handshake"
    UNLOADABLE = "unloadable"
    # the back end's own certificate
    SERVER_EXPIRED = "server-expired"
    SERVER_NOT_YET_VALID = "server-not-yet-valid"
    SERVER_SELF_SIGNED = "server-self-signed"
    SERVER_CHAIN_INCOMPLETE = "server-chain-incomplete"
    SERVER_AUTHORITY_UNKNOWN = "server-authority-unknown"
    SERVER_WRONG_PURPOSE = "server-wrong-purpose"
    SERVER_CHAIN_BROKEN = "server-chain-broken"
    SERVER_WRONG_NAME = "server-wrong-name"
    # the client certificate
    DEMANDED = "demanded"  # and none is presented
    CLIENT_AUTHORITY_UNKNOWN = "client-authority-unknown"
    CLIENT_EXPIRED = "client-expired"
    CLIENT_REVOKED = "client-revoked"
    CLIENT_UNSUPPORTED = "client-unsupported"
    CLIENT_BAD = "client-bad"
    CLIENT_UNKNOWN = "client-unknown"
    CLIENT_DENIED = "client-denied"
    CLIENT_SIGNATURE = "client-signature"
    CLIENT_REFUSED = "client-refused"
    CLIENT_NOT_SENT = "client-not-sent"
    CLIENT_BROKEN_OFF = "client-broken-off"
    ASKED_LATER = "asked-later"
    PAGE_DEMANDS = "page-demands"
    PAGE_REFUSES = "page-refuses"
    # the answer
    NO_ANSWER_IN_TIME = "no-answer-in-time"
    CLOSED_WITHOUT_ANSWER = "closed-without-answer"
    NOT_HTTP = "not-http"


WELL = frozenset({Kind.ACCEPTED, Kind.REACHED, Kind.REDIRECTED})
PERHAPS = frozenset({Kind.NOT_ASKED, Kind.FORBIDDEN_ANSWER, Kind.FAILING_ANSWER, Kind.NOT_SEEN})

# Alerts by their numbers (RFC 8446, 6.2; RFC 7301, 3.2 for the last), before certificates matter.
_OF_HELLO = {
    40: Kind.NO_COMMON_CIPHER,
    70: Kind.TOO_OLD,
    71: Kind.NO_COMMON_CIPHER,
    112: Kind.UNKNOWN_SERVER_NAME,
    120: Kind.NO_COMMON_HTTP,
}
# And of a server that was shown a client certificate.
_OF_CERTIFICATE = {
    40: Kind.CLIENT_REFUSED,
    42: Kind.CLIENT_BAD,
    43: Kind.CLIENT_UNSUPPORTED,
    44: Kind.CLIENT_REVOKED,
    45: Kind.CLIENT_EXPIRED,
    46: Kind.CLIENT_UNKNOWN,
    48: Kind.CLIENT_AUTHORITY_UNKNOWN,
    49: Kind.CLIENT_DENIED,
    51: Kind.CLIENT_SIGNATURE,
    116: Kind.CLIENT_NOT_SENT,
}
# What OpenSSL objects to (x509_vfy.h).
_OF_CHAIN = {
    9: Kind.SERVER_NOT_YET_VALID,
    10: Kind.SERVER_EXPIRED,
    18: Kind.SERVER_SELF_SIGNED,
    19: Kind.SERVER_AUTHORITY_UNKNOWN,
    26: Kind.SERVER_WRONG_PURPOSE,
}
_NO_ISSUER = frozenset({2, 20, 21, 27})
_NOT_OF_TLS = ("wrong version number", "http request", "packet length too long", "record layer failure", "unknown protocol", "bad packet")
_OLD = ("unsupported protocol", "version too low", "no protocols available")
_UNREACHED = {
    End.NO_SUCH_NAME: Kind.NO_SUCH_NAME,
    End.NO_NAME_SERVER: Kind.NO_NAME_SERVER,
    End.FORBIDDEN: Kind.FORBIDDEN_ADDRESS,
    End.REFUSED: Kind.NOTHING_LISTENS,
    End.UNROUTABLE: Kind.NO_ROUTE,
    End.SILENCE: Kind.NO_CONNECTION_IN_TIME,
}
_UNANSWERED = {End.SILENCE: Kind.NO_ANSWER_IN_TIME, End.NOT_HTTP: Kind.NOT_HTTP}
_REDIRECTS, _REFUSALS, _FORBIDDEN, _FAILURES = 300, 400, frozenset({401, 403}), 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How the look was made, as far as its meaning depends on it.

    :ivar presents: whether there was a client certificate to present
    """

    backend: Backend
    presents: bool


def kind_of(seen: Seen, asked: Asked) -> Kind:
    """Return what *seen* means."""
    kinds = (_of_way(seen, asked), of_chain(seen, asked.backend), _of_client_certificate(seen, asked))
    return next((kind for kind in kinds if kind), None) or _of_answer(seen, asked)


def _of_way(seen: Seen, asked: Asked) -> Kind | None:
    match seen.stage:
        case Stage.NAME:
            return _UNREACHED.get(seen.end or End.NO_SUCH_NAME, Kind.NO_SUCH_NAME)
        case Stage.CONNECT:
            return _UNREACHED.get(seen.end or End.REFUSED, Kind.NOTHING_LISTENS)
        case Stage.HANDSHAKE if not seen.asked_for_certificate:
            return _of_hello(seen, asked)
        case _:
            return None


def _of_hello(seen: Seen, asked: Asked) -> Kind | None:
    if seen.end is End.UNLOADABLE:
        return Kind.UNLOADABLE
    if seen.alert is not None:
        kind = _OF_HELLO.get(seen.alert, Kind.NO_HANDSHAKE)
        return Kind.NEEDS_TLS13 if kind is Kind.TOO_OLD and asked.backend.asks_later else kind
    if seen.end is End.OUR_LIBRARY:
        return _of_library(seen.error)
    if seen.end in {End.CLOSED, End.RESET}:
        return Kind.BROKEN_OFF_AT_HELLO
    return Kind.SILENT if seen.end is End.SILENCE else Kind.NO_HANDSHAKE


def _of_library(words: str) -> Kind:
    if any(mark in words for mark in _NOT_OF_TLS):
        return Kind.NOT_TLS
    return Kind.TOO_OLD if any(mark in words for mark in _OLD) else Kind.NO_HANDSHAKE


def of_chain(seen: Seen, backend: Backend) -> Kind | None:
    """Return what is wrong with the back end's own certificate, as far as *backend* is to be checked; ``None``: nothing."""
    if not seen.judged or not backend.trust.validate_chain:
        return None
    if seen.objections:
        return _of_objection(seen.objections[0], len(seen.chain))
    if backend.trust.validate_name and not _bears_name(seen, backend.host):
        return Kind.SERVER_WRONG_NAME
    return None


def _of_objection(objection: Objection, sent: int) -> Kind:
    if objection.code in _NO_ISSUER:
        return Kind.SERVER_CHAIN_INCOMPLETE if sent == 1 else Kind.SERVER_AUTHORITY_UNKNOWN
    return _OF_CHAIN.get(objection.code, Kind.SERVER_CHAIN_BROKEN)


def _bears_name(seen: Seen, host: str) -> bool:
    try:
        return bears_name(x509.load_der_x509_certificate(seen.chain[0]), host)
    except ValueError:  # what OpenSSL reads and cryptography does not
        return False


def _of_client_certificate(seen: Seen, asked: Asked) -> Kind | None:
    if seen.asks_later and not asked.backend.asks_later:
        return Kind.ASKED_LATER
    if seen.status is not None and refuses_certificate(seen.status, seen.page):
        return Kind.PAGE_DEMANDS if not asked.presents or demands_certificate(seen.status, seen.page) else Kind.PAGE_REFUSES
    if seen.stage in {None, Stage.NAME, Stage.CONNECT} or not seen.asked_for_certificate:
        return None
    if seen.stage is Stage.REQUEST and seen.alert is None:
        return None
    if not asked.presents:
        return Kind.DEMANDED
    return _OF_CERTIFICATE.get(seen.alert, Kind.CLIENT_REFUSED) if seen.alert is not None else Kind.CLIENT_BROKEN_OFF


def _of_answer(seen: Seen, asked: Asked) -> Kind:
    if seen.stage is Stage.REQUEST:
        return _UNANSWERED.get(seen.end or End.CLOSED, Kind.CLOSED_WITHOUT_ANSWER)
    if seen.stage is not None:
        return Kind.NO_HANDSHAKE
    return _of_status(seen.status or 0) or _of_success(seen, asked)


def _of_status(status: int) -> Kind | None:
    if status in _FORBIDDEN:
        return Kind.FORBIDDEN_ANSWER
    return Kind.FAILING_ANSWER if status >= _FAILURES else None


def _of_success(seen: Seen, asked: Asked) -> Kind:
    if asked.presents and not seen.asked_for_certificate:
        return Kind.NOT_ASKED
    if _REDIRECTS <= (seen.status or 0) < _REFUSALS:
        return Kind.REDIRECTED
    return Kind.ACCEPTED if asked.presents else Kind.REACHED
