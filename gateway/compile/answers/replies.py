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

from apis.policy.failure import FAILURE_HEADER, Failure
from apis.policy.model import DEFAULT_KEY_HEADER
from gateway.compile.answers.broken_off import CONNECTION
from gateway.compile.answers.failures import FAILURES, FailureAnswer
from gateway.compile.answers.request_errors import REQUEST_ERRORS
from gateway.compile.names import ACTIVITY_HEADER, ANSWER_METADATA, CONNECTION_HEADER, CONTENT_TYPE, METADATA

MISSING_KEY = "Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API."
INVALID_KEY = "Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription."
NOT_FOUND = "Resource not found"
_SCRIPTED = "response.code_details == 'lua_response'"
_SAID = "%LOCAL_REPLY_BODY%"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer of the gateway's own: when, with which status and words."""

    when: str  # CEL
    status: int
    message: str
    activity: bool = False  # gives an activity id to find the call in the log by
    kind: Failure | None = None  # what failed, for machines
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


def _of_failure(one: FailureAnswer) -> Answer:
    headers = ((CONNECTION_HEADER, CONNECTION),) if one.asks_connection else ()
    return Answer(when=one.when, status=one.status, message=one.message, activity=True, kind=one.kind, headers=headers)


ANSWERS = (
    *(Answer(when=error.when, status=error.status, message=error.message) for error in REQUEST_ERRORS),
    # No API's path begins like this, so no route has switched the key check off: say so before asking for a key.
    Answer(when="!has(xds.route_name) && response.code in [401, 403, 404]", status=404, message=NOT_FOUND),
    Answer(when="response.code == 404", status=404, message=NOT_FOUND),
    # Of our scripts: what they say is a sentence already.
    Answer(when=f"{_SCRIPTED} && response.code == 308", status=308, message="Call this address by HTTPS."),
    Answer(when=f"{_SCRIPTED} && response.code == 421", status=421, message=_SAID),
    Answer(when=f"{_SCRIPTED} && response.code == 403", status=403, message=_SAID),
    *_refusals(),
    *map(_of_failure, FAILURES),
    Answer(when="response.code == 200", status=200, message="The gateway has its configuration."),
)


def local_replies() -> LocalReplyConfig:
    """Return the answers as Envoy takes them; any other of its own has the same form."""
    anything = SubstitutionFormatString(
        text_format_source=DataSource(inline_string=_form("%RESPONSE_CODE%", "The gateway could not complete the call.")),
        content_type="application/json",
    )
    return LocalReplyConfig(mappers=[_of_policies(), *map(_mapper, ANSWERS)], body_format=anything)


def _of_policies() -> ResponseMapper:
    """Return what leaves the answers of routes as the API's policy has them; such routes tell of which kind they are."""
    written = f"response.code_details == 'direct_response' && '{ANSWER_METADATA}' in xds.route_metadata.filter_metadata"
    kind = HeaderValue(key="Content-Type", value=f"%METADATA(ROUTE:{ANSWER_METADATA}:{CONTENT_TYPE})%")
    return ResponseMapper(
        filter=_when(written),
        headers_to_add=[HeaderValueOption(header=kind, append_action=HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD)],
        body_format_override=SubstitutionFormatString(text_format_source=DataSource(inline_string=_SAID)),
    )


def _mapper(answer: Answer) -> ResponseMapper:
    headers = answer.headers + (((ACTIVITY_HEADER, "%UNIQUE_ID%"),) if answer.activity else ())
    headers += ((FAILURE_HEADER, answer.kind.value),) if answer.kind else ()
    return ResponseMapper(
        filter=_when(answer.when),
        status_code=UInt32Value(value=answer.status),
        headers_to_add=[HeaderValueOption(header=HeaderValue(key=name, value=value)) for name, value in headers],
        body_format_override=SubstitutionFormatString(
            text_format_source=DataSource(inline_string=_body(answer)), content_type="application/json"
        ),
    )


def _when(expression: str) -> AccessLogFilter:
    condition = ExtensionFilter(name="envoy.access_loggers.extension_filters.cel")
    condition.typed_config.Pack(ExpressionFilter(expression=expression), deterministic=True)
    return AccessLogFilter(extension_filter=condition)


def _body(answer: Answer) -> str:
    return _form(answer.status, answer.message, f', "activityId": "%RESP({ACTIVITY_HEADER})%"' if answer.activity else "")


def _form(status: int | str, message: str, more: str = "") -> str:
    """Return the published form, spaces included; `json_format` would sort the members."""
    return f'{{ "statusCode": {status}, "message": {json.dumps(message)}{more} }}'
