"""``<rewrite-uri>``: call the back end under another path; ``{names}`` in it are the parameters of the operation's URL template. [pure]"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, unquote_plus

from apis.policy.elements import Element
from apis.policy.sentences import Sentence

NAME = "rewrite-uri"
LONGEST_TEMPLATE = 1000
MOST_PARAMETERS, LONGEST_QUERY = 50, 8000
_PARAMETER = re.compile(r"\{([^{}]*)\}")
_SENDABLE = re.compile(r"[!-~]*\Z")  # RFC 3986, 2: all else is percent-encoded
_DOTS = frozenset((".", ".."))


@dataclass(frozen=True, slots=True, kw_only=True)
class RewriteUri:
    """The path, below the Web service URL, that the back end is called under; the query stays.

    :ivar template: begins with a slash
    :ivar query: what is put into the query besides: names and values as they are meant
    """

    template: str
    query: tuple[tuple[str, str], ...] = ()

    @property
    def parameters(self) -> tuple[str, ...]:
        """The parameters that it takes from the URL template."""
        return tuple(_PARAMETER.findall(self.template))


def element_of(statement: RewriteUri) -> Element:
    """Return the statement as an element."""
    query = "&".join(f"{name}={value}" for name, value in statement.query)
    return Element(NAME, {"template": statement.template + (f"?{query}" if query else "")})


def read_rewrite_uri(element: Element) -> RewriteUri:
    """Return the statement that *element* is.

    :raises apis.policy.elements.UnreadablePolicy: naming the element at fault
    """
    element.refuse_attributes("template", "copy-unmatched-params")
    element.refuse_content()
    if element.attributes.get("copy-unmatched-params", "true") != "true":
        element.refuse(Sentence('This gateway passes on the whole query; write copy-unmatched-params="true" or leave it out.'))
    template, _, query = element.needed("template").partition("?")
    if len(template) > LONGEST_TEMPLATE or not template.startswith("/") or not _SENDABLE.match(template) or "#" in template:
        element.refuse(
            Sentence(
                "template is a path of %(longest)s characters at most; it begins with a slash and is percent-encoded.",
                longest=LONGEST_TEMPLATE,
            )
        )
    if any(unquote(segment) in _DOTS for segment in template.split("/")):
        element.refuse(Sentence("template holds no . and .. segments."))
    if any(character in _PARAMETER.sub("", template) for character in "{}"):
        element.refuse(Sentence("template holds { and } around the names of parameters only."))
    parts = [part for part in query.split("&") if part]
    if len(parts) > MOST_PARAMETERS or len(query) > LONGEST_QUERY:
        element.refuse(
            Sentence(
                "The query of a template has %(most)s parameters and %(longest)s characters at most.",
                most=MOST_PARAMETERS,
                longest=LONGEST_QUERY,
            )
        )
    return RewriteUri(template=template, query=tuple(_pair(element, part) for part in parts))


def _pair(element: Element, part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    if _PARAMETER.search(part):
        element.refuse(Sentence("Parameters ({…}) stand in the path of a template, not in its query."))
    try:
        return unquote_plus(name, errors="strict"), unquote_plus(value, errors="strict")
    except UnicodeDecodeError:
        element.refuse(Sentence("What is percent-encoded in the query of a template is UTF-8."))
