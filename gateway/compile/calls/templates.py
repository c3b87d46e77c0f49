"""URL templates as Envoy matches paths. [pure]

``{name}`` is one part of a segment, a trailing ``/*`` or ``/{*name}`` is the rest of the path or nothing. Envoy's own URI templates refuse
some characters of segments, so a template becomes an exact path, a prefix or a regular expression, the cheapest that says it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import quote

_PARAMETER = re.compile(r"\{[^{}]*\}")
_REST = re.compile(r"/(?:\*|\{\*[^{}]*\})\Z")
_PLAIN = re.compile(r"[A-Za-z0-9._/-]*")  # nobody writes these percent-encoded (RFC 3986: unreserved)
_ENCODED_ONLY = re.compile(r"[%?#/\\]|[^!-~]")  # cannot stand in a path as they are, or would be something else there
_CHARACTER = re.compile(r"%[0-9A-Fa-f]{2}|.", re.DOTALL)  # as a template has it: percent-encoded or as it is

# A parameter holds something else than slashes however they are encoded: a back end that merges them would see none.
_SLASH = r"\\|%(?:25)*(?:2[fF]|5[cC])"
_NO_SLASH = r"[^/%\\]|%(?:25)*(?:[^/25]|2[^/5fF]|5[^/cC])"
_PART = f"(?:{_SLASH})*(?:{_NO_SLASH})[^/]*"
_SEGMENT = f"(?:{_SLASH})*(?:(?:{_NO_SLASH})[^/]*|%(?:25)*[25]?)"  # an escape that the segment's end cuts off is no slash either


# A parameter that is put together with something else holds no slash, no backslash and no percent sign, however they are encoded, nothing
# that becomes an escape by what stands beside it, and not dots alone: what is made of it is no other segment than it looks.
_ESCAPED = r"%(?:[013-46-9ABDEFabdef][0-9A-Fa-f]|2[0-46-9A-Da-d]|5[0-9ABDEFabdef]|[Cc][2-9A-Fa-f])"
_APART = rf"(?:\.|%2[Ee])*(?:[^/%\\.]|{_ESCAPED})(?:[^/%\\]|%2[Ee]|{_ESCAPED})*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exact:
    """Matches this path only."""

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Below:
    """Matches this path and everything below it."""

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """Matches what this regular expression (RE2) matches as a whole.

    :ivar parts: whether a parameter is a part of a segment only; then path parameters (``;x``) would hide what is behind it
    """

    regex: str
    parts: bool = False


Match = Exact | Below | Pattern


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryPart:
    """A query parameter that a call must have, as it is written there.

    :ivar value: which value; ``None``: any
    """

    name: str
    value: str | None


def matches(base: str, template: str) -> tuple[Match, ...]:
    """Return what the path of *template* matches below *base* (the API's path with a slash in front; empty at the root).

    The root template ``/`` matches the API's path with and without a slash at the end.
    """
    path = template.partition("?")[0]
    fixed = _REST.sub("", path)
    rest = fixed != path
    if rest and _is_plain(fixed):
        return (Below(path=base + fixed),)
    if fixed == "/":
        return tuple(Exact(path=path) for path in (base, base + "/") if path)
    if _is_plain(fixed):
        return (Exact(path=base + fixed),)
    parts = any(_PARAMETER.search(segment) and not _PARAMETER.fullmatch(segment) for segment in fixed.split("/"))
    return (Pattern(regex=re.escape(base) + "/".join(map(_regex, fixed.split("/"))) + ("(?:/.*)?" if rest else ""), parts=parts),)


def capturing(base: str, template: str, wanted: Collection[str], joined: Collection[str] = ()) -> tuple[str, dict[str, int]]:
    """Return an expression for the paths of *template*, which captures the *wanted* parameters, and the numbers of their groups.

    :param joined: those of them that are put together with something else, and hold only what nothing else can be made of
    """
    path = template.partition("?")[0]
    fixed = _REST.sub("", path)
    numbers: dict[str, int] = {}
    segments = [_capturing_segment(segment, wanted, joined, numbers) for segment in fixed.split("/")]
    rest = path[len(fixed) :].strip("/{}")
    name = next((one for one in (rest, rest.removeprefix("*")) if one and one in wanted), "")
    ending = f"/({_APART})" if name in joined else "(?:/(.*))?" if name else "(?:/.*)?"
    if name:
        numbers[name] = len(numbers) + 1
    return re.escape(base) + "/".join(segments) + (ending if rest else ""), numbers


def query_parts(template: str) -> tuple[QueryPart, ...]:
    """Return the query parameters that a call of *template* must have, in whatever order; it may have others."""
    query = template.partition("?")[2]
    return tuple(_query_part(part) for part in query.split("&") if part)


def specificity(template: str) -> tuple[object, ...]:
    """Return a key that sorts more specific templates first: by segment, words before parameters before the rest; then by query."""
    path = template.partition("?")[0]
    parts = query_parts(template)
    return (tuple(_rank(segment) for segment in path.split("/")[1:]), -len(parts), sum(part.value is None for part in parts))


def _query_part(part: str) -> QueryPart:
    name, _, value = part.partition("=")
    return QueryPart(name=name, value=None if not value or _PARAMETER.fullmatch(value) else value)


def _rank(segment: str) -> tuple[int, int]:
    if segment == "*" or segment.startswith("{*"):
        return (3, 0)
    words = _PARAMETER.sub("", segment)
    if words == segment:
        return (0, 0)
    return (1, -len(words)) if words else (2, 0)


def _is_plain(text: str) -> bool:
    return _PLAIN.fullmatch(text) is not None


def _regex(segment: str) -> str:
    if _PARAMETER.fullmatch(segment):
        return _SEGMENT
    words = map(_literal, _PARAMETER.split(segment))
    return _PART.join(words)


def _capturing_segment(segment: str, wanted: Collection[str], joined: Collection[str], numbers: dict[str, int]) -> str:
    """Return what matches *segment*, its *wanted* parameters in groups, which are entered in *numbers*."""
    part = _SEGMENT if _PARAMETER.fullmatch(segment) else _PART
    found, end = "", 0
    for place in _PARAMETER.finditer(segment):
        name = place.group().strip("{}")
        held = _APART if name in joined else part
        found += _literal(segment[end : place.start()]) + (f"({held})" if name in wanted else f"(?:{held})")
        if name in wanted:
            numbers[name] = len(numbers) + 1
        end = place.end()
    return found + _literal(segment[end:])


def _literal(text: str) -> str:
    return "".join(map(_character, _CHARACTER.findall(text)))


@functools.lru_cache(maxsize=1024)  # starting with 5,000 APIs asks half a million times
def _character(written: str) -> str:
    """Return what matches one character, *written* percent-encoded (a byte of it) or as it is."""
    character = chr(int(written[1:], 16)) if len(written) > 1 else written
    if _is_plain(character):
        return re.escape(character)
    encoded = f"(?i:{written if len(written) > 1 else quote(character, safe='') if character != '~' else '%7E'})"
    return encoded if _ENCODED_ONLY.match(character) else f"(?:{re.escape(character)}|{encoded})"
