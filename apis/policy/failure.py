"""What a call can fail of on its way to a back end. [pure]

The gateway decides which it was (``gateway.compile.answers.failures``) and says so to its caller and in its log; pages explain it.
"""

from __future__ import annotations

from enum import StrEnum

FAILURE_HEADER = "x-failure-kind"  # in the gateway's own answer


class Failure(StrEnum):
    """The kinds of failure."""

    NAME_MISMATCH = "name-mismatch"
    EXPIRED = "expired"  # the back end's certificate, as in the next three
    NOT_YET_VALID = "not-yet-valid"
    WRONG_PURPOSE = "wrong-purpose"
    UNVERIFIED = "unverified"
    NO_COMMON_TLS = "no-common-tls"
    UNKNOWN_NAME = "unknown-name"
    CLIENT_CERTIFICATE_DEMANDED = "client-certificate-demanded"
    CLIENT_CERTIFICATE_REFUSED = "client-certificate-refused"
    HANDSHAKE = "handshake"
    HANDSHAKE_BROKEN_OFF = "handshake-broken-off"
    UNREACHABLE = "unreachable"
    MAYBE_REFUSED = "broken-off"  # refused the client certificate or broke off: TLS 1.3 does not tell
    DROPPED = "dropped"  # broke off, and not because of the certificate shown in the handshake
    RESET = "reset"  # HTTP/2 or 3: this call alone
    OVERLOADED = "overloaded"
    NOT_HTTP = "not-http"
    NOT_CONFIGURED = "not-configured"
    NO_CREDENTIALS = "no-credentials"
    TIMEOUT = "timeout"
    OTHER = "other"


OF_THE_CLIENT_CERTIFICATE = frozenset(
    {Failure.CLIENT_CERTIFICATE_DEMANDED, Failure.CLIENT_CERTIFICATE_REFUSED, Failure.MAYBE_REFUSED}
)  # may have been
