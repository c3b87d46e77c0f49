"""Looks at the back end of an API, as the gateway would call it. [pure]"""

from __future__ import annotations

from collections.abc import Iterable

from cryptography import x509

from apis.handshake.question import Closely, Question, Target
from apis.handshake.reach import Network
from apis.handshake.seen import Seen, Stage
from apis.handshake.shaking import shake_hands
from apis.policy.model import Backend, Protocol
from certificates.identity import Identity
from certificates.sealing import Secret

_SECONDS = 3.0
_PROTOCOLS = {Protocol.AUTO: ("h2", "http/1.1"), Protocol.HTTP1: ("http/1.1",), Protocol.HTTP2: ("h2",)}


def target_of(backend: Backend, *, asks: bool = False) -> Target:
    """Return with whom to shake hands.

    :param asks: whether a request follows, which is in HTTP/1.1
    """
    return Target(host=backend.host, port=backend.port, protocols=("http/1.1",) if asks else _PROTOCOLS[backend.http])


def closely(backend: Backend, *, allowed: Iterable[Network]) -> Closely:
    """Return how closely to look at *backend*.

    :param allowed: networks whose loopback addresses may be called
    """
    return Closely(trusted_ca=backend.trust.trusted_ca, allowed=tuple(map(str, allowed)))


def question_about(backend: Backend, *, path: str = "", identity: Identity | None = None, allowed: Iterable[Network]) -> Question:
    """Return the question for a closer look at *backend*.

    :param path: what to ask for; nothing is asked for of a back end that speaks HTTP/2 only
    :param identity: what to present; ``None``: nothing
    """
    asked = "" if backend.http is Protocol.HTTP2 else path
    return Question(
        id="",
        target=target_of(backend, asks=bool(asked)),
        certificate=identity.certificate_chain_pem if identity else b"",
        private_key=identity.private_key_pem if identity else Secret(b""),
        path=asked,
        older_servers=backend.older_servers,
        asks_later=backend.asks_later,
        closely=closely(backend, allowed=allowed),
    )


def asks_for_certificate(backend: Backend, *, allowed: Iterable[Network]) -> bool | None:
    """Return whether *backend* asks for a client certificate in the handshake; ``None`` if that could not be seen.

    No certificate is shown, no request sent. Takes three seconds at most. Where the gateway stands elsewhere, it may be treated otherwise.
    """
    seen = _glimpse(backend, allowed)
    return True if seen.asked_for_certificate else False if seen.stage in {None, Stage.AFTER} else None


def certificate_of(backend: Backend, *, allowed: Iterable[Network]) -> x509.Certificate | None:
    """Return the certificate that *backend* shows for its host name, trusted or not; ``None`` if none was seen.

    Takes three seconds at most.
    """
    seen = _glimpse(backend, allowed)
    try:
        return x509.load_der_x509_certificate(seen.chain[0]) if seen.chain else None
    except ValueError:  # what OpenSSL reads and cryptography does not
        return None


def _glimpse(backend: Backend, allowed: Iterable[Network]) -> Seen:
    return shake_hands(question_about(backend, allowed=allowed), seconds=_SECONDS)
