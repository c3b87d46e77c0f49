"""URL templates as Envoy matches paths. [pure]

``{name}`` is one non-empty part of a segment, a trailing ``/*`` is the rest of the path or nothing. Envoy's own URI templates refuse
some characters of segments, so a template becomes an exact path, a prefix or a regular expression, the cheapest that says it.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from urllib.parse import quote

_PARAMETER = re.compile(r"\{[^{}]*\}")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")  # RFC 3986; the gateway has undone their percent-encoding before it matches
_PLAIN = re.compile(r"[A-Za-z0-9._~/-]*")  # those and slashes
_SUB_DELIMITER = re.compile(r"[!$&'()*+,;=:@]")  # may stand in a path as they are or percent-encoded
_CHARACTER = re.compile(r"%[0-9A-Fa-f]{2}|.", re.DOTALL)  # as a template has it: percent-encoded or as it is
_ONE_OR_MORE = "[^/]+"
_REST = "/*"


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
    """Matches what this regular expression (RE2) matches as a whole."""

    regex: str


Match = Exact | Below | Pattern


def matches(base: str, template: str) -> tuple[Match, ...]:
    """Return what *template* matches below *base* (the API's path, with a slash in front).

    The root template ``/`` matches the API's path with and without a slash at the end.
    """
    rest = template.endswith(_REST)
    fixed = template.removesuffix(_REST) if rest else template
    if rest and _is_plain(fixed):
        return (Below(path=base + fixed),)
    if fixed == "/":
        return (Exact(path=base), Exact(path=base + "/"))
    if _is_plain(fixed):
        return (Exact(path=base + fixed),)
    return (Pattern(regex=re.escape(base) + _regex(fixed) + ("(?:/.*)?" if rest else "")),)


def specificity(template: str) -> tuple[object, ...]:
    """Return a key that sorts more specific templates first: by segment, words before parameters before the rest."""
    return tuple(_rank(segment) for segment in template.split("/")[1:])


def _rank(segment: str) -> tuple[int, int]:
    if segment == "*":
        return (3, 0)
    words = _PARAMETER.sub("", segment)
    if words == segment:
        return (0, 0)
    return (1, -len(words)) if words else (2, 0)


def _is_plain(text: str) -> bool:
    return _PLAIN.fullmatch(text) is not None


def _regex(template: str) -> str:
    parts = []
    position = 0
    for parameter in _PARAMETER.finditer(template):
        parts += [_literal(template[position : parameter.start()]), _ONE_OR_MORE]
        position = parameter.end()
    return "".join([*parts, _literal(template[position:])])


def _literal(text: str) -> str:
    return "".join(map(_character, _CHARACTER.findall(text)))


@functools.lru_cache(maxsize=1024)  # starting with 5,000 APIs asks half a million times
def _character(written: str) -> str:
    """Return what matches one character, *written* percent-encoded (a byte of it) or as it is."""
    character = chr(int(written[1:], 16)) if len(written) > 1 else written
    if character == "/" or _UNRESERVED.match(character):
        return re.escape(character)
    encoded = f"(?i:{written if len(written) > 1 else quote(character, safe='')})"
    return f"(?:{re.escape(character)}|{encoded})" if _SUB_DELIMITER.match(character) else encoded
