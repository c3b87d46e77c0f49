"""How calls fail between the gateway and a back end: how Envoy tells, and the sentence for callers. [pure]

Envoy takes the first whose condition (CEL) holds. Its kind goes out in a header, which the log of failed calls reads back, so that
what callers are told and what the portal shows are one decision.
"""

from __future__ import annotations

from dataclasses import dataclass

from apis.policy.failure import Failure
from gateway.compile.names import METADATA, WITHOUT_CERTIFICATE

# Remarks that a cluster carries for the conditions below.
ASKS_LATER = "asks-later"
LEAVES_OUT = "leaves-out"  # addresses that are ill get no calls
REFUSAL = "refusal"  # the sentence that every call is answered with

_REASON = "upstream.transport_failure_reason"
_FAILED = "response.code in [502, 503]"  # 502: what came is not HTTP


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureAnswer:
    """A failure: when, of which kind, and what callers read."""

    kind: Failure
    when: str
    message: str
    status: int = 502
    asks_connection: bool = False  # whether it was new; see broken_off.py


def _reason(*marks: str) -> str:
    """Return the condition that Envoy's reason for a failed connection holds one of *marks*."""
    return f"response.code == 503 && has({_REASON}) && (" + " || ".join(f"{_REASON}.contains('{mark}')" for mark in marks) + ")"


def _details(*marks: str) -> str:
    return f"{_FAILED} && (" + " || ".join(f"response.code_details.contains('{mark}')" for mark in marks) + ")"


def _cluster_says(what: str) -> str:
    remarks = "xds.cluster_metadata.filter_metadata"
    return f"'{METADATA}' in {remarks} && '{what}' in {remarks}['{METADATA}']"


def _certificate(kind: Failure, fault: str, *marks: str) -> FailureAnswer:
    """Return a failure of the back end's own certificate."""
    return FailureAnswer(kind=kind, when=_reason(*marks), message=f"The back end's certificate could not be verified: {fault}.")


def _unreachable(when: str, why: str) -> FailureAnswer:
    return FailureAnswer(kind=Failure.UNREACHABLE, when=when, message=f"The back end could not be reached{why}.")


# Alerts of RFC 8446, 6.2, as Envoy's library (BoringSSL) spells them, and its own errors where it is the one that cannot agree.
_NO_COMMON_TLS = _reason(
    "HANDSHAKE_FAILURE_ON_CLIENT_HELLO",  # without this part an ALERT_HANDSHAKE_FAILURE came later, and is about the client certificate
    "PROTOCOL_VERSION",
    "INSUFFICIENT_SECURITY",
    "INAPPROPRIATE_FALLBACK",
    "NO_APPLICATION_PROTOCOL",
    "UNSUPPORTED_PROTOCOL",
    "NO_SHARED_",
    "NO_COMMON_",
    "WRONG_CURVE",
    "WRONG_CIPHER_RETURNED",
    "UNKNOWN_CIPHER_RETURNED",
    "UNSUPPORTED_CIPHER",
    "UNSUPPORTED_ELLIPTIC_CURVE",
    "WRONG_SIGNATURE_TYPE",
    "WRONG_CERTIFICATE_TYPE",
    "UNKNOWN_CERTIFICATE_TYPE",
)
_REFUSED = _reason(
    "ALERT_UNKNOWN_CA",
    "ALERT_CERTIFICATE_",
    "ALERT_BAD_CERTIFICATE",
    "ALERT_UNSUPPORTED_CERTIFICATE",
    "ALERT_HANDSHAKE_FAILURE",
    "ALERT_ACCESS_DENIED",
    "CERTIFICATE_REQUIRED",
)
_TOO_LARGE_TO_TRY_AGAIN = "response.code_details == 'request_payload_exceeded_retry_buffer_limit'"
_BROKEN_OFF = _details("connection_termination")
# Under TLS 1.3 a refusal arrives after the handshake and looks like any broken connection. Not so under TLS 1.2, which names a refusal in
# the handshake, unless the back end asks once more after it; and not where the connection had carried calls before (`broken_off.py`).
_BROKEN_OFF_1_3 = f"{_BROKEN_OFF} && has(upstream.tls_version) && upstream.tls_version == 'TLSv1.3'"

FAILURES = (
    FailureAnswer(
        kind=Failure.NAME_MISMATCH,
        when=_reason("SAN"),
        message="The back end's certificate was issued for another host (name mismatch).",
    ),
    _certificate(Failure.EXPIRED, "it has expired", "certificate has expired", "CERTIFICATE_HAS_EXPIRED"),
    _certificate(Failure.NOT_YET_VALID, "it is not valid yet", "certificate is not yet valid", "CERTIFICATE_NOT_YET_VALID"),
    _certificate(Failure.WRONG_PURPOSE, "it was issued for another purpose than that of a server", "unsupported certificate purpose"),
    _certificate(Failure.WRONG_PURPOSE, "its key usage forbids what the handshake needs", "KEY_USAGE_BIT_INCORRECT"),
    _certificate(Failure.UNVERIFIED, "no trusted authority has issued it", "CERTIFICATE_VERIFY_FAILED"),
    FailureAnswer(
        kind=Failure.NO_COMMON_TLS,
        when=_NO_COMMON_TLS,
        message="The back end and the gateway have no TLS parameters in common (version, cipher suite, curve or kind of certificate).",
    ),
    FailureAnswer(
        kind=Failure.UNKNOWN_NAME, when=_reason("UNRECOGNIZED_NAME"), message="The back end does not know the host name it was called by."
    ),
    FailureAnswer(
        kind=Failure.CLIENT_CERTIFICATE_DEMANDED,
        when=f"{_cluster_says(WITHOUT_CERTIFICATE)} && {_REFUSED}",
        message="The back end refused the call: it demands a client certificate, and this API presents none.",
    ),
    FailureAnswer(kind=Failure.CLIENT_CERTIFICATE_REFUSED, when=_REFUSED, message="The back end refused the client certificate."),
    # Envoy does not say which of these it was.
    FailureAnswer(
        kind=Failure.NOT_HTTP,
        when=_details("protocol_error"),
        message="The back end's answer cannot be taken: it is not valid HTTP, or has more than 100 headers or 60 kB of them.",
    ),
    FailureAnswer(
        kind=Failure.HANDSHAKE_BROKEN_OFF,
        when=_reason("Connection reset by peer"),
        message="The back end could not be reached: it broke the TLS handshake off and did not say why.",
    ),
    FailureAnswer(
        kind=Failure.HANDSHAKE, when=_reason("TLS_error"), message="The back end could not be reached: the TLS handshake failed."
    ),
    _unreachable(_details("connection_timeout"), ": no connection was made in time"),
    _unreachable(_reason("delayed connect error", "delayed_connect_error"), ": the connection was refused"),
    FailureAnswer(
        kind=Failure.MAYBE_REFUSED,
        when=f"{_BROKEN_OFF} && {_cluster_says(ASKS_LATER)}",
        message="The back end refused the client certificate, or broke the connection off before it answered.",
    ),
    FailureAnswer(
        kind=Failure.MAYBE_REFUSED,
        when=f"{_cluster_says(WITHOUT_CERTIFICATE)} && {_BROKEN_OFF_1_3}",
        message="The back end refused the client certificate (this API presents none), or broke the connection off before it answered.",
        asks_connection=True,
    ),
    FailureAnswer(
        kind=Failure.MAYBE_REFUSED,
        when=_BROKEN_OFF_1_3,
        message="The back end refused the client certificate, or broke the connection off before it answered.",
        asks_connection=True,
    ),
    FailureAnswer(kind=Failure.DROPPED, when=_BROKEN_OFF, message="The back end broke the connection off before it answered."),
    FailureAnswer(
        kind=Failure.OVERLOADED,
        when=_details("remote_refused_stream_reset", "overflow"),
        message="The back end takes no more calls at once than are under way; try again later.",
    ),
    FailureAnswer(kind=Failure.RESET, when=_details("remote_reset"), message="The back end broke the call off before it answered."),
    FailureAnswer(
        kind=Failure.HANDSHAKE_BROKEN_OFF,
        when=f"{_details('remote_connection_failure')} && (!has({_REASON}) || {_REASON} == '')",
        message="The back end could not be reached: it closed the connection during the handshake.",
    ),
    _unreachable(_details("remote_connection_failure"), ""),
    FailureAnswer(
        kind=Failure.NOT_CONFIGURED,
        when=f"response.code == 503 && {_cluster_says(REFUSAL)}",
        message=f"%METADATA(CLUSTER:{METADATA}:{REFUSAL})%",
    ),
    _unreachable(
        f"{_cluster_says(LEAVES_OUT)} && {_details('no_healthy_upstream')}",
        ": none of its addresses answers, or those that do have failed too often of late",
    ),
    _unreachable(_details("no_healthy_upstream"), ": its host name has no address"),
    FailureAnswer(
        kind=Failure.NOT_CONFIGURED,
        when=_details("cluster_not_found"),
        message="The gateway has refused the settings of this API's back end; the portal says why.",
    ),
    # Envoy answers 507: it could not keep the body to send it again.
    _unreachable(
        _TOO_LARGE_TO_TRY_AGAIN,
        " or broke the connection off, and the body is too large to be sent again",
    ),
    FailureAnswer(
        kind=Failure.NO_CREDENTIALS,
        when="response.code_details.contains('failed_to_inject_credential')",
        message="The gateway has no credentials to send to the back end.",
    ),
    FailureAnswer(kind=Failure.OTHER, when=_details("upstream_reset_before_response_started"), message="The call to the back end failed."),
    FailureAnswer(
        kind=Failure.TIMEOUT,
        when="response.code_details == 'max_duration_timeout'",
        message="The call lasted longer than this API allows.",
        status=504,
    ),
    FailureAnswer(kind=Failure.TIMEOUT, when="response.code == 504", message="The back end did not answer in time.", status=504),
)
