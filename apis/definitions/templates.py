"""Paths of documents as URL templates of operations. [pure]

Documents write a parameter that takes several segments as ``{+path}`` (RFC 6570), ``{path*}`` or ``{proxy+}``; a gateway's template
has ``/{*path}`` for it, at its end. Required query parameters: the published service puts them into the template unless it is told
not to (``translateRequiredQueryParameters``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from apis.definitions.model import Parameter

_BRACES = re.compile(r"\{([^{}]*)\}")
_FORM = re.compile(r"\{([?&])[^{}]*\}")  # RFC 6570, form-style query expansion: whatever is in it may be left out
_REST = re.compile(r"/(?:\*{1,2}|\{\*[^{}]*\})\Z")
_SEVERAL = re.compile(r"(?:[+*](?P<before>.+)|(?P<after>.+)[+*])\Z")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}\Z")
_NOT_NAME = re.compile(r"[^A-Za-z0-9_.-]+")
_LONGEST_NAME = 64
_LITERAL = "/:@!$&'()*+,;=~%?#{}"  # what is a fault there is the template's to tell
_PLAIN = re.compile(r"[A-Za-z0-9._~-]+\Z")


@dataclass(frozen=True, slots=True)
class Translated:
    """A URL template, and what became of the path's parameters: new names by the old ones; whether a query expansion went."""

    template: str
    renamed: dict[str, str]
    expanded: bool


def translate(path: str, query: Iterable[Parameter] = ()) -> Translated:
    """Return the URL template of a document's path.

    :param query: required query parameters that calls are to be told apart by
    """
    without, expanded = _FORM.subn("", path.strip())
    names: dict[str, str] = {}
    taken: set[str] = set()

    def parameter(found: re.Match[str]) -> str:
        several = _SEVERAL.match(found[1])
        old = (several["before"] or several["after"]) if several else found[1]
        new = _free(old.strip(), taken)
        if new != old:
            names[old] = new
        return f"{{*{new}}}" if several else f"{{{new}}}"

    template = _encoded(_BRACES.sub(parameter, without))
    template = _REST.sub(lambda rest: "/*" if rest[0] == "/**" else rest[0], template)
    return Translated(_with_query(template, query, taken), names, bool(expanded))


def _with_query(template: str, query: Iterable[Parameter], taken: set[str]) -> str:
    """Add those of *query* whose names can stand in a template, and are not there yet."""
    for one in query:
        if _PLAIN.match(one.name) and _NAME.match(one.name) and one.name not in taken:
            taken.add(one.name)
            template += f"{'&' if '?' in template else '?'}{one.name}={{{one.name}}}"
    return template


def _free(name: str, taken: set[str]) -> str:
    """Return *name* as a template takes it, and no other parameter of the template is called."""
    stem = _NOT_NAME.sub("_", name).lstrip(".-")[:_LONGEST_NAME] or "parameter"
    candidates = (stem, *(f"{stem[: _LONGEST_NAME - 4]}-{number}" for number in range(2, len(taken) + 3)))
    free = next(one for one in candidates if one not in taken)
    taken.add(free)
    return free


def _encoded(text: str) -> str:
    """Return *text* with blanks and quotation marks and the like as clients send them; other scripts are the template's own matter."""
    return "".join(one if not one.isascii() or one.isalnum() else quote(one, safe=_LITERAL) for one in text)
