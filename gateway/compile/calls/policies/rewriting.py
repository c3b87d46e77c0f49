"""``<rewrite-uri>``, and the Host that a ``<set-header>`` names: what a route rewrites. [pure]"""

from __future__ import annotations

import re
from collections.abc import Sequence

from envoy.config.route.v3.route_components_pb2 import Route
from envoy.type.matcher.v3.regex_pb2 import RegexMatchAndSubstitute, RegexMatcher

from apis.policy.model import OperationPattern, Policy
from apis.policy.statements.rewrite_uri import RewriteUri
from apis.policy.statements.set_header import HOST, SetHeader
from gateway.compile.calls.templates import capturing
from gateway.compile.names import base_of

_PARAMETER = re.compile(r"\{([^{}]*)\}")


class UnknownParameter(ValueError):
    """A template to rewrite to names a parameter that the operation's URL template has not."""


def rewrite(route: Route, statement: RewriteUri, policy: Policy, operation: OperationPattern) -> None:
    """Have calls of *route* go to the path that *statement* says, below that of the Web service URL.

    The path was looked at as it came. Where a parameter is put together with something else, or was a part of a segment, what it holds
    could make another path (``..``, an escape of two halves): *route* then matches only calls of which nothing else can be made.

    :raises UnknownParameter: if the operation has not what it names
    """
    wanted = statement.parameters
    joined = (_joined(operation.url_template) | _joined(statement.template)) & set(wanted)
    regex, captured = capturing(base_of(policy.path), operation.url_template, wanted, joined) if wanted else (".*", {})
    if missing := [name for name in wanted if name not in captured]:
        raise UnknownParameter(f"<rewrite-uri> names {missing[0]}, which the URL template {operation.url_template} does not have.")
    parts = _PARAMETER.split(policy.backend.path + statement.template)  # words, and names in between
    words = [f"\\{captured[part]}" if place % 2 else part.replace("\\", "\\\\") for place, part in enumerate(parts)]
    route.route.ClearField("prefix_rewrite")
    pattern = RegexMatcher(regex=f"^{regex}$")
    route.route.regex_rewrite.CopyFrom(RegexMatchAndSubstitute(pattern=pattern, substitution="".join(words)))
    if joined:
        route.match.safe_regex.CopyFrom(RegexMatcher(regex=regex))  # in place of the path that the operation matches otherwise


def _joined(template: str) -> set[str]:
    """Return the parameters that are not a whole segment of *template*."""
    segments = (segment for segment in template.partition("?")[0].split("/") if not _PARAMETER.fullmatch(segment))
    return {name for segment in segments for name in _PARAMETER.findall(segment)}


def set_host(route: Route, statements: Sequence[SetHeader]) -> None:
    """Have calls of *route* name the host that the last of *statements* says, if one does."""
    for one in statements:
        if one.name.lower() == HOST:
            route.route.host_rewrite_literal = one.values[0]
