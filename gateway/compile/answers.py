"""What the gateway itself answers: the published bodies, and a named cause where the back end could not be called. [pure]

Envoy takes the first answer whose condition (CEL) holds, so the order is part of the meaning. Its own words for a failure
stay in the log of failed calls, under the activity id; callers get the kind.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from envoy.config.accesslog.v3.accesslog_pb2 import AccessLogFilter, ExtensionFilter
from envoy.config.core.v3.base_pb2 import DataSource, HeaderValue, HeaderValueOption
from envoy.config.core.v3.substitution_format_string_pb2 import SubstitutionFormatString
from envoy.extensions.access_loggers.filters.cel.v3.cel_pb2 import ExpressionFilter
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import LocalReplyConfig, ResponseMapper
from google.protobuf.wrappers_pb2 import UInt32Value

from apis.policy.model import DEFAULT_KEY_HEADER
from gateway.compile.names import METADATA
from gateway.compile.request_errors import REQUEST_ERRORS

ACTIVITY_HEADER = "x-activity-id"

MISSING_KEY = "Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API."
INVALID_KEY = "Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription."
NOT_FOUND = "Resource not found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer of the gateway's own: when, with which status and words."""

    when: str  # CEL
    status: int
    message: str
    activity: bool = False  # gives an activity id to find the call in the log by
    headers: tuple[tuple[str, str], ...] = ()


def _challenge(name: str) -> tuple[tuple[str, str], ...]:
    return (("WWW-Authenticate", f'AzureApiManagementKey realm="https://%REQ(:AUTHORITY)%/%ROUTE_NAME%",name="{name}",type="header"'),)


def _refusals() -> tuple[Answer, ...]:
    """Return the answers to a missing and to a wrong key, for APIs with a header name of their own first."""
    missing = "response.code_details == 'missing_api_key'"
    wrong = "response.code_details in ['unknown_api_key', 'client_not_allowed']"
    own_name = f"'{METADATA}' in xds.route_metadata.filter_metadata && "
    own_challenge = _challenge(f"%METADATA(ROUTE:{METADATA}:key-header)%")
    challenge = _challenge(DEFAULT_KEY_HEADER)
    return (
        Answer(when=own_name + missing, status=401, message=MISSING_KEY, headers=own_challenge),
        Answer(when=own_name + wrong, status=401, message=INVALID_KEY, headers=own_challenge),
        Answer(when=missing, status=401, message=MISSING_KEY, headers=challenge),
        Answer(when=wrong, status=401, message=INVALID_KEY, headers=challenge),
    )


def _failure(when: str, message: str, *, status: int = 502) -> Answer:
    return Answer(when=when, status=status, message=message, activity=True)


_FAILED = "response.code in [502, 503]"  # 502: what came is not HTTP


def _tls(*marks: str) -> str:
    """Return the condition that Envoy's reason for a failed connection holds one of *marks*."""
    reason = "upstream.transport_failure_reason"
    return f"response.code == 503 && has({reason}) && (" + " || ".join(f"{reason}.contains('{mark}')" for mark in marks) + ")"


def _details(*marks: str) -> str:
    return f"{_FAILED} && (" + " || ".join(f"response.code_details.contains('{mark}')" for mark in marks) + ")"


def _cluster_says(what: str) -> str:
    """Return the condition that the API's cluster carries a remark of ours (see clusters)."""
    remarks = "xds.cluster_metadata.filter_metadata"
    return f"'{METADATA}' in {remarks} && '{what}' in {remarks}['{METADATA}']"


_WITHOUT_CERTIFICATE = _cluster_says("without-certificate")
_REFUSED = _tls(
    "ALERT_UNKNOWN_CA",
    "ALERT_CERTIFICATE_",
    "ALERT_BAD_CERTIFICATE",
    "ALERT_HANDSHAKE_FAILURE",
    "ALERT_ACCESS_DENIED",
    "CERTIFICATE_REQUIRED",
)
_BROKEN_OFF = _details("connection_termination", "remote_reset")

_FAILURES = (
    _failure(_tls("SAN"), "The back end's certificate was issued for another host (name mismatch)."),
    _failure(
        _tls("certificate has expired", "CERTIFICATE_HAS_EXPIRED"), "The back end's certificate could not be verified: it has expired."
    ),
    _failure(_tls("CERTIFICATE_VERIFY_FAILED"), "The back end's certificate could not be verified: no trusted authority has issued it."),
    _failure(
        f"{_WITHOUT_CERTIFICATE} && {_REFUSED}",
        "The back end refused the call: it demands a client certificate, and this API presents none.",
    ),
    _failure(_REFUSED, "The back end refused the client certificate."),
    _failure(_details("protocol_error"), "The back end's answer is not valid HTTP."),
    _failure(_tls("TLS_error"), "The back end could not be reached: the TLS handshake failed."),
    _failure(_details("connection_timeout"), "The back end could not be reached: no connection was made in time."),
    _failure(_tls("delayed connect error", "delayed_connect_error"), "The back end could not be reached: the connection was refused."),
    # Under TLS 1.3 a refusal arrives after the handshake and looks like any broken connection, so the words must say both.
    _failure(
        f"{_WITHOUT_CERTIFICATE} && {_BROKEN_OFF}",
        "The back end refused the client certificate (this API presents none), or broke the connection off before it answered.",
    ),
    _failure(_BROKEN_OFF, "The back end refused the client certificate, or broke the connection off before it answered."),
    _failure(_details("remote_connection_failure"), "The back end could not be reached."),
    _failure(
        f"response.code == 503 && {_cluster_says('refusal')}",
        f"%METADATA(CLUSTER:{METADATA}:refusal)%",
    ),
    _failure(_details("no_healthy_upstream"), "The back end could not be reached: its host name has no address."),
    _failure(_details("cluster_not_found"), "The gateway has refused the settings of this API's back end; the portal says why."),
    _failure("response.code_details.contains('failed_to_inject_credential')", "The gateway has no credentials to send to the back end."),
    _failure(_details("upstream_reset_before_response_started"), "The call to the back end failed."),
    _failure("response.code_details == 'max_duration_timeout'", "The call lasted longer than this API allows.", status=504),
    _failure("response.code == 504", "The back end did not answer in time.", status=504),
)

ANSWERS = (
    *(Answer(when=error.when, status=error.status, message=error.message) for error in REQUEST_ERRORS),
    # No API's path begins like this, so no route has switched the key check off: say so before asking for a key.
    Answer(when="!has(xds.route_name) && response.code in [401, 403, 404]", status=404, message=NOT_FOUND),
    Answer(when="response.code == 404", status=404, message=NOT_FOUND),
    *_refusals(),
    *_FAILURES,
    Answer(when="response.code == 200", status=200, message="The gateway has its configuration."),
)


def local_replies() -> LocalReplyConfig:
    """Return the answers as Envoy takes them; any other of its own has the same form."""
    anything = SubstitutionFormatString(
        text_format_source=DataSource(inline_string=_form("%RESPONSE_CODE%", "The gateway could not complete the call.")),
        content_type="application/json",
    )
    return LocalReplyConfig(mappers=[_mapper(answer) for answer in ANSWERS], body_format=anything)


def _mapper(answer: Answer) -> ResponseMapper:
    condition = ExtensionFilter(name="envoy.access_loggers.extension_filters.cel")
    condition.typed_config.Pack(ExpressionFilter(expression=answer.when), deterministic=True)
    headers = answer.headers + (((ACTIVITY_HEADER, "%UNIQUE_ID%"),) if answer.activity else ())
    return ResponseMapper(
        filter=AccessLogFilter(extension_filter=condition),
        status_code=UInt32Value(value=answer.status),
        headers_to_add=[HeaderValueOption(header=HeaderValue(key=name, value=value)) for name, value in headers],
        body_format_override=SubstitutionFormatString(
            text_format_source=DataSource(inline_string=_body(answer)), content_type="application/json"
        ),
    )


def _body(answer: Answer) -> str:
    return _form(answer.status, answer.message, f', "activityId": "%RESP({ACTIVITY_HEADER})%"' if answer.activity else "")


def _form(status: int | str, message: str, more: str = "") -> str:
    """Return the published form, spaces included; `json_format` would sort the members."""
    return f'{{ "statusCode": {status}, "message": {json.dumps(message)}{more} }}'
