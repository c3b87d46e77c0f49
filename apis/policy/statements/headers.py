"""Names and values of headers as statements may hold them. [pure]"""

from __future__ import annotations

import re

from apis.policy.elements import Element
from apis.policy.sentences import Sentence

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+\Z")  # RFC 9110, 5.6.2
VISIBLE = re.compile(r"[\t -~\x80-\U0010ffff]*\Z")  # RFC 9110, 5.5
_FRAMING = frozenset(
    ("connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade")
)  # of one connection (RFC 9110, 7.6.1), so that both ends' are the gateway's
_OWN = re.compile(r"x-(?:envoy|portal)-|x-activity-id\Z")
LONGEST_NAME, LONGEST_VALUE, MOST_VALUES = 200, 8000, 20
_MOST_BYTES = 16_000  # Envoy takes 16,384, in which each percent sign is written twice


def header_name(element: Element) -> str:
    """Return the attribute ``name`` of *element*, which must be a header's.

    :raises apis.policy.elements.UnreadablePolicy: if it is none, or one that is the gateway's own
    """
    name = element.needed("name")
    if fault := fault_of_name(name):
        element.refuse(fault)
    return name


def fault_of_name(name: str) -> str:
    """Return why *name* is no header's that may be set, in a sentence; empty: it is one."""
    if len(name) > LONGEST_NAME or not _TOKEN.match(name):
        return Sentence("name is not the name of a header.")
    return (
        Sentence("The header %(name)s is the gateway's own; leave it out.", name=name)
        if name.lower() in _FRAMING or _OWN.match(name.lower())
        else ""
    )


def is_too_long(value: str) -> bool:
    """Return whether no header that the gateway sets may hold *value*."""
    return len(value) > LONGEST_VALUE or len(value.replace("%", "%%").encode(errors="surrogatepass")) > _MOST_BYTES


def values_of(element: Element, *, least: int = 0) -> tuple[str, ...]:
    """Return the texts of the ``<value>`` elements in *element*.

    :raises apis.policy.elements.UnreadablePolicy: if it holds something else, or a text that no header can have
    """
    element.refuse_text()
    for child in element.children:
        if child.name != "value":
            child.refuse(Sentence("<%(name)s> holds <value> only.", name=element.name))
        child.refuse_attributes()
        child.refuse_children()
        if is_too_long(child.text) or not VISIBLE.match(child.text):
            child.refuse(
                Sentence(
                    "A value is one line of %(longest)s characters at most, and of fewer where they are not ASCII.", longest=LONGEST_VALUE
                )
            )
    if not least <= len(element.children) <= MOST_VALUES:
        element.refuse(
            Sentence("<%(name)s> holds %(least)s to %(most)s <value> elements.", name=element.name, least=least, most=MOST_VALUES)
        )
    if sum(len(child.text) for child in element.children) > LONGEST_VALUE:
        element.refuse(Sentence("The values have %(longest)s characters at most, all together.", longest=LONGEST_VALUE))
    return tuple(child.text for child in element.children)


def elements_of(texts: tuple[str, ...]) -> list[Element]:
    """Return *texts* as ``<value>`` elements."""
    return [Element("value", text=text) for text in texts]
