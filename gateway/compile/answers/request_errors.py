"""What the gateway answers to requests that it does not take, by Envoy's reason for it. [pure]"""

from __future__ import annotations

from typing import NamedTuple

from gateway.compile.calls.overriding import REFUSED
from gateway.compile.calls.paths import DISGUISED_PATH, SEVERAL_HOSTS, UNENCODED_PATH


class RequestError(NamedTuple):
    """A condition (CEL) on Envoy's answer, and what callers get instead."""

    when: str
    status: int
    message: str


def _because(detail: str) -> str:
    return f"response.code_details == '{detail}'"


def _denied(rule: str) -> str:
    return _because(f"rbac_access_denied_matched_policy[{rule}]")


REQUEST_ERRORS = (
    RequestError(
        _denied(DISGUISED_PATH),
        400,
        "The path holds a segment that is . or .. (plain, encoded or with parameters) or nothing but parameters, or an encoded null."
        " Send the path that is meant.",
    ),
    RequestError(
        f"{_because('direct_response')} && response.code == {REFUSED}",
        400,
        "A header (X-HTTP-Method-Override or the like) asks the back end for another verb, which passes only where an operation takes"
        " any verb. Send the call by the verb that is meant.",
    ),
    RequestError(_denied("none"), 403, "This API does not take calls from your address."),
    RequestError(_denied(UNENCODED_PATH), 400, "The path holds characters that must be percent-encoded, such as %%20 for a space."),
    RequestError(_denied(SEVERAL_HOSTS), 400, "The request names several hosts. Send one Host header."),
    RequestError(_because("missing_host_header"), 400, "The request names no host. Send a Host header."),
    RequestError(_because("http.invalid_authority"), 400, "The Host header is not a valid host name."),
    RequestError(_because("path_normalization_failed"), 400, "The request's target holds a fragment (#). Leave it out."),
    RequestError(_because("http1.invalid_url"), 400, "The request's target is not valid. Send a path that begins with a slash."),
    RequestError(_because("query_missing_content_type"), 400, "A QUERY request says what its body is. Send a Content-Type header."),
    RequestError(
        "response.code == 400 && response.code_details in ['http1.content_length_and_chunked_not_allowed',"
        " 'http1.content_length_not_allowed', 'http1.transfer_encoding_not_allowed']",
        400,
        "The request gives its length twice. Send either Content-Length or Transfer-Encoding: chunked.",
    ),
    RequestError(_because("http1.invalid_characters"), 400, "A header holds a character that is not allowed there."),
    RequestError(
        _because("http1.https_url_on_plaintext_connection"),
        400,
        "The request's target is an https address, but it came unencrypted. Send the path alone.",
    ),
    RequestError(_because("upgrade_failed"), 403, "The gateway passes on no upgrade to this protocol, only to websocket."),
    RequestError("response.code == 400", 400, "The request is not valid HTTP."),
    RequestError("response.code == 408", 408, "The request did not arrive in time."),
    RequestError("response.code == 413", 413, "The request's body is too large for the gateway."),
    RequestError("response.code == 426", 426, "The gateway does not speak this version of HTTP. Use HTTP/1.1 or HTTP/2."),
    RequestError(
        "response.code == 431", 431, "The request's headers are too large: 60 kB and 100 headers are the most, the path included."
    ),
    RequestError("response.code == 501", 501, "The gateway knows no such Transfer-Encoding. Send chunked, or a Content-Length."),
)
