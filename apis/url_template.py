"""Operations' HTTP verbs and URL templates: what may be written, and when two of them match the same calls. Pure.

A template is a path as callers write it: segments, some of which are ``{parameters}``, and perhaps a trailing ``/*`` for whatever
follows. A parameter is a whole segment, because that is what the gateway matches at no cost per operation. Templates may overlap; the
more specific one wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ANY_METHOD = "*"
MAX_METHOD = 20
MAX_TEMPLATE = 1000

_TOKEN = re.compile(r"[A-Z0-9!#$%&'+.^_`|~-]+\Z")  # RFC 9110, without the asterisk that means any verb
_PARAMETER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_-]{0,63})\}\Z")
_LITERAL = re.compile(r"(?:[A-Za-z0-9._~!$&'()+,;=:@-]|%[0-9A-F]{2})+\Z")
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
    """Return a URL template in its normal form: percent-encoded as clients send it.

    :raises BadTemplate: with every fault it has
    """
    template = _encoded(text.strip())
    faults = list(dict.fromkeys(_faults(template)))
    if faults:
        raise BadTemplate(faults)
    return template


def shape_of(template: str) -> str:
    """Return what a checked template matches, whatever its parameters are called; equal shapes match the same calls."""
    return re.sub(r"\{[^}]*\}", "{}", template)


def parameters_of(template: str) -> tuple[str, ...]:
    """Return the names of a checked template's parameters, in order."""
    return tuple(match[1] for segment in template.split("/") if (match := _PARAMETER.match(segment)))


def _faults(template: str) -> Iterator[Promise]:
    if not template.startswith("/"):
        yield _("Begin with a slash, for instance /orders/{id}.")
        return
    if len(template) > MAX_TEMPLATE:
        yield _("A URL template has at most 1000 characters.")
        return
    if "?" in template or "#" in template:
        yield _("Leave out the query; calls match with any.")
        return
    *segments, last = template[1:].split("/")
    for segment in segments:
        yield from _faults_of_segment(segment)
    if last not in {"", "*"}:
        yield from _faults_of_segment(last)
    names = parameters_of(template)
    if len(set(names)) < len(names):
        yield _("Each parameter has a name of its own.")


def _faults_of_segment(segment: str) -> Iterator[Promise]:
    if not segment:
        yield _("Two slashes do not follow each other.")
    elif "*" in segment:
        yield _("The asterisk stands alone at the end: /*.")
    elif "{" in segment or "}" in segment:
        if not _PARAMETER.match(segment):
            yield _("A parameter is a whole segment in braces, named with letters, digits, - and _, for instance /orders/{id}.")
    elif segment in {".", ".."}:
        yield _("A path holds no segments . or ..; gateways and browsers take them away.")
    elif any(separator in segment for separator in _SEPARATORS):
        yield _("A segment holds no encoded slash or backslash.")
    elif not _LITERAL.match(segment):
        yield _("Some characters must be percent-encoded, such as %20 for a space.")


def _encoded(text: str) -> str:
    """Return *text* as clients send it: other scripts as percent-encoded UTF-8, escapes in upper case, none where none is needed."""
    encoded = "".join(one if one.isascii() else quote(one, errors="replace") for one in text)
    return _ESCAPE.sub(_normal_escape, encoded)


def _normal_escape(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return character if character in _UNRESERVED else match[0].upper()
