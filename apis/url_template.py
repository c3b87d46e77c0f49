"""Operations' HTTP verbs and URL templates: what may be written, and when two of them match the same calls. Pure.

A template is a path as callers write it: segments, parts of which are ``{parameters}``, and perhaps a trailing ``/*`` or ``/{*name}`` for
whatever follows. Behind a question mark stand query parameters that a call must have, in whatever order and beside whatever others.
Templates may overlap; the more specific one wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ANY_METHOD = "*"
MAX_METHOD = 20
MAX_TEMPLATE = 1000

_TOKEN = re.compile(r"[A-Z0-9!#$%&'+.^_`|~-]+\Z")  # RFC 9110, without the asterisk that means any verb
_PARAMETER = re.compile(r"\{([A-Za-z0-9_][A-Za-z0-9_.-]{0,63})\}")
_REST = re.compile(r"/(?:\*|\{\*[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}\})\Z")
_LITERAL = re.compile(r"(?:[A-Za-z0-9._~!$&'()+,;=:@-]|%[0-9A-F]{2})*\Z")
_QUERY_WORD = r"(?:[A-Za-z0-9._~!$'()*+,;:@/-]|%[0-9A-F]{2})"
_QUERY_PART = re.compile(rf"{_QUERY_WORD}+(?:={_PARAMETER.pattern}|={_QUERY_WORD}*)?\Z")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_SEPARATORS = ("%2F", "%5C")


class BadTemplate(ValueError):
    """A verb or template that cannot be matched.

    :ivar faults: one sentence per fault
    """

    def __init__(self, faults: list[Promise]) -> None:
        """Hold the faults."""
        super().__init__(" ".join(str(fault) for fault in faults))
        self.faults = faults


def check_method(text: str) -> str:
    """Return an HTTP verb in upper case, or ``*``.

    :raises BadTemplate: if it is no verb that an operation can have
    """
    method = text.strip().upper()
    if method == ANY_METHOD:
        return method
    if not _TOKEN.match(method) or len(method) > MAX_METHOD:
        raise BadTemplate([_("An HTTP verb is one word such as GET, or * for any.")])
    if method == "CONNECT":
        raise BadTemplate([_("CONNECT opens a tunnel; it is not a call to an operation.")])
    return method


def check_template(text: str) -> str:
    """Return a URL template in its normal form: behind a slash, percent-encoded as clients send it.

    :raises BadTemplate: with every fault it has
    """
    template = "/" + _encoded(text.strip()).removeprefix("/")
    faults = list(dict.fromkeys(_faults(template)))
    if faults:
        raise BadTemplate(faults)
    return template


def shape_of(template: str) -> str:
    """Return what a checked template matches, whatever its parameters are called; equal shapes match the same calls."""
    path = _PARAMETER.sub("{}", _REST.sub("/*", _path_of(template)))
    parts = sorted({_PARAMETER.sub("", part).removesuffix("=") for part in _query_of(template).split("&") if part})
    return f"{path}?{'&'.join(parts)}" if parts else path


def parameters_of(template: str) -> tuple[str, ...]:
    """Return the names of a checked template's parameters, in order, the rest of the path aside."""
    return tuple(_PARAMETER.findall(template))


def has_rest(template: str) -> bool:
    """Return whether a checked template matches whatever follows its path."""
    return _REST.search(_path_of(template)) is not None


def rest_of(template: str) -> str:
    """Return how a checked template calls the rest of the path, empty if it does not."""
    found = _REST.search(_path_of(template))
    return found[0].strip("/{*}") if found else ""


def filled(template: str, values: Mapping[str, str], *, rest: str = "") -> tuple[str, str]:
    """Return path and query of a call that a checked template matches.

    :param values: by parameter, as people write them
    :param rest: what stands in place of the asterisk, as it goes over the wire
    """
    path = _REST.sub("/", _path_of(template)) + rest
    return _filled(path, values), _filled(_query_of(template), values)


def sample_of(template: str) -> str:
    """Return path and query of some call that a checked template matches: each parameter is 1."""
    path, query = filled(template, dict.fromkeys(parameters_of(template), "1"))
    return f"{path}?{query}" if query else path


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _PARAMETER.sub(lambda found: quote(values[found[1]], safe=""), text)


def _path_of(template: str) -> str:
    return template.partition("?")[0]


def _query_of(template: str) -> str:
    return template.partition("?")[2]


def _faults(template: str) -> Iterator[Promise]:
    if len(template) > MAX_TEMPLATE:
        yield _("A URL template has at most 1000 characters.")
        return
    if "#" in template:
        yield _("Leave out the fragment (from # on); callers do not send it.")
        return
    *segments, last = _REST.sub("", _path_of(template)).split("/")[1:] or [""]
    for segment in segments:
        yield from _faults_of_segment(segment)
    if last:
        yield from _faults_of_segment(last)
    if "?" in template and not all(_QUERY_PART.match(part) for part in _query_of(template).split("&")):
        yield _("Behind the question mark stand query parameters that a call must have, such as q={q} or v=1, with & between them.")
    names = parameters_of(template)
    if len(set(names)) < len(names):
        yield _("Each parameter has a name of its own.")


def _faults_of_segment(segment: str) -> Iterator[Promise]:
    words = _PARAMETER.sub("", segment)
    if not segment:
        yield _("Two slashes do not follow each other.")
    elif "*" in words:
        yield _("The asterisk stands alone at the end: /* or /{*rest}.")
    elif "{" in words or "}" in words:
        yield _("A parameter stands in braces, named with letters, digits and - . _, for instance /orders/{id} or /Orders({id}).")
    elif segment in {".", ".."}:
        yield _("A path holds no segments . or ..; gateways and browsers take them away.")
    elif any(separator in words for separator in _SEPARATORS):
        yield _("A segment holds no encoded slash or backslash.")
    elif not _LITERAL.match(words):
        yield _("Some characters must be percent-encoded, such as %20 for a space.")


def _encoded(text: str) -> str:
    """Return *text* as clients send it: other scripts as percent-encoded UTF-8, escapes in upper case, none where none is needed."""
    encoded = "".join(one if one.isascii() else quote(one, errors="replace") for one in text)
    return _ESCAPE.sub(_normal_escape, encoded)


def _normal_escape(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return character if character in _UNRESERVED else match[0].upper()
