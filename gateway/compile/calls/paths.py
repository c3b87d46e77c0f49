r"""Paths that mean one thing to the gateway and another to a back end are refused before anything else looks at them. [pure]

A path is matched and passed on as it came, byte for byte. So it must not hold a dot segment, neither a plain one nor one that only
shows once a back end has decoded the path (once or again), taken path parameters (``;x=1``) away or read ``%2f`` and ``\\`` as slashes.
Sources: RFC 3986 (3.3, 5.2.4), Unicode NFKC and Windows' best fit for characters that become ASCII.
"""

from __future__ import annotations

import re

from envoy.config.rbac.v3.rbac_pb2 import RBAC, Permission, Principal
from envoy.config.rbac.v3.rbac_pb2 import Policy as Rule
from envoy.config.route.v3.route_components_pb2 import HeaderMatcher
from envoy.extensions.filters.http.rbac.v3.rbac_pb2 import RBAC as Filter  # noqa: N811 - it is the filter of that name
from envoy.type.matcher.v3.path_pb2 import PathMatcher
from envoy.type.matcher.v3.regex_pb2 import RegexMatcher
from envoy.type.matcher.v3.string_pb2 import StringMatcher

from gateway.compile.spellings import PERCENT, percent_encoded, spellings

DISGUISED_PATH = "disguised-path"
UNENCODED_PATH = "unencoded-path"
SEVERAL_HOSTS = "several-hosts"

_DOT = spellings(".", alike="\uff0e\u2024\ufe52")
_TWO_DOTS = "|".join(percent_encoded(one) for one in "\u2025\ufe30")
_SLASH = spellings("/", alike="\uff0f\u2044\u2215") + "|" + spellings("\\", alike="\uff3c\ufe68\u2216")
_SEMICOLON = spellings(";", alike="\uff1b\u037e\ufe54")
_BLANK = f"(?:{PERCENT}(?:[01][0-9a-f]|20|7f))*"  # control characters and spaces, which some take away
_DOTS = f"(?:{_BLANK}(?:{_DOT}){_BLANK}(?:(?:{_DOT}){_BLANK})?|{_TWO_DOTS})"
_END = rf"(?:{_SLASH}|{_SEMICOLON}|{PERCENT}(?:3f|23))\C*"  # %3f, %23: what follows would be query or fragment

# \C is any byte. A segment that is dots, or that begins with its parameters and is empty without them; a null, which may end the path.
_SEGMENT = rf"(?:{_SLASH})(?:{_DOTS}(?:{_END})?|{_BLANK}(?:{_SEMICOLON})\C*)"
_DISGUISED = rf"(?i)\C*(?:{_SEGMENT}|{PERCENT}00\C*)"


def without_path_parameters() -> HeaderMatcher:
    """Return the condition that a path holds no path parameters: a back end that takes them away would see another end of a segment."""
    some = StringMatcher(safe_regex=RegexMatcher(regex=rf"(?i)[^?]*(?:{_SEMICOLON})\C*"))
    return HeaderMatcher(name=":path", string_match=some, invert_match=True)


def names_once(parameter: str) -> HeaderMatcher:
    """Return the condition that a query names *parameter* no more than once, in whatever encoding: back ends differ in which they take."""
    name = "".join(f"(?:{re.escape(one)}|%(?i:{ord(one):02x}))" for one in parameter)
    twice = rf"[^?]*\?(?:\C*&)?{name}(?:=[^&]*)?&(?:\C*&)?{name}(?:[=&]\C*)?"
    return HeaderMatcher(name=":path", string_match=StringMatcher(safe_regex=RegexMatcher(regex=twice)), invert_match=True)


def path_check() -> Filter:
    """Return the filter that refuses disguised paths, and calls that name several hosts (RFC 9112, 3.2).

    Envoy itself refuses bytes that must be encoded (RFC 3986, 2) over HTTP/1.1 only.
    """
    visible = StringMatcher(safe_regex=RegexMatcher(regex="[!-~]*"))
    unencoded = Permission(
        header=HeaderMatcher(name=":path", string_match=visible, invert_match=True, treat_missing_header_as_empty=True)  # CONNECT has none
    )
    hosts = Permission(header=HeaderMatcher(name=":authority", string_match=StringMatcher(contains=",")))
    disguised = Permission(url_path=PathMatcher(path=StringMatcher(safe_regex=RegexMatcher(regex=_DISGUISED))))
    policies = {DISGUISED_PATH: _for_all(disguised), UNENCODED_PATH: _for_all(unencoded), SEVERAL_HOSTS: _for_all(hosts)}
    return Filter(rules=RBAC(action=RBAC.DENY, policies=policies))


def _for_all(permission: Permission) -> Rule:
    return Rule(permissions=[permission], principals=[Principal(any=True)])
