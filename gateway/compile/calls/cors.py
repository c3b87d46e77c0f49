"""Calls that browsers make for pages of other sites (Fetch standard, CORS protocol). [pure]

The question that goes ahead of such a call, the preflight, carries no key. So it is answered, or let pass, before keys are checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from envoy.config.core.v3.base_pb2 import HeaderValue, HeaderValueOption
from envoy.config.route.v3.route_components_pb2 import HeaderMatcher
from envoy.extensions.filters.http.cors.v3.cors_pb2 import CorsPolicy
from envoy.type.matcher.v3.regex_pb2 import RegexMatcher
from envoy.type.matcher.v3.string_pb2 import StringMatcher
from google.protobuf.wrappers_pb2 import BoolValue

from apis.policy.cors import ANY
from apis.policy.model import Cors

# With credentials browsers take no *, and without they take none for Authorization; so "any verb" is written out.
_USUAL = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def answers_to_browsers(rule: Cors, verbs: Iterable[str] = ()) -> CorsPolicy:
    """Return what the gateway tells browsers: to preflights it answers itself, to calls it adds the headers.

    :param verbs: of the API's operations, which "any" means besides the usual ones
    """
    return CorsPolicy(
        allow_origin_string_match=[StringMatcher(safe_regex=RegexMatcher(regex=_origin(origin))) for origin in rule.origins],
        allow_methods=", ".join(dict.fromkeys([*_USUAL, *sorted({*verbs} - {ANY})]) if ANY in rule.methods else rule.methods),
        allow_headers=", ".join(rule.headers),
        expose_headers=", ".join(rule.exposed),
        max_age="" if rule.max_age_seconds is None else str(rule.max_age_seconds),
        allow_credentials=BoolValue(value=rule.credentials),
        forward_not_matching_preflights=BoolValue(value=False),  # the back end is not asked what the gateway has been told
    )


def nothing_for_browsers() -> CorsPolicy:
    """Return what a preflight of a site that may not call is told: nothing."""
    return CorsPolicy(forward_not_matching_preflights=BoolValue(value=False))


def may_call(rule: Cors) -> HeaderMatcher:
    """Return the condition that a call comes from a site that may."""
    return HeaderMatcher(name="origin", string_match=StringMatcher(safe_regex=RegexMatcher(regex="|".join(map(_origin, rule.origins)))))


def varies_by_origin() -> HeaderValueOption:
    """Return the header that keeps caches from handing one site the answer of another (Fetch standard, CORS protocol and HTTP caches)."""
    return HeaderValueOption(header=HeaderValue(key="Vary", value="Origin"), append_action=HeaderValueOption.APPEND_IF_EXISTS_OR_ADD)


def is_preflight() -> Iterator[HeaderMatcher]:
    """Yield the conditions that make a call a preflight (Fetch standard, 3.3.2)."""
    yield HeaderMatcher(name=":method", string_match=StringMatcher(exact="OPTIONS"))
    yield HeaderMatcher(name="origin", present_match=True)
    yield HeaderMatcher(name="access-control-request-method", present_match=True)


def _origin(origin: str) -> str:
    """Return a regular expression for *origin*."""
    if origin == ANY:
        return ".+"
    before, star, after = origin.partition("*.")
    return re.escape(before) + r"[a-z0-9_.-]+\." + re.escape(after) if star else re.escape(origin)
