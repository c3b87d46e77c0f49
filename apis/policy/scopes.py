"""What holds in the end: an operation's document around the API's, around that of all APIs, each where ``<base />`` stands. [pure]"""

from __future__ import annotations

from collections.abc import Sequence

from apis.policy.elements import Element
from apis.policy.model import SECTIONS, Effective, Sections
from apis.policy.reader import BASE, statements_of
from apis.policy.references import Values


def inherits(sections: Sections, section: str) -> bool:
    """Return whether a document takes what stands around it into a *section*; one that does not write the section does."""
    return section not in sections or any(element.name == BASE for element in sections[section])


def together(documents: Sequence[Sections]) -> Sections:
    """Return what *documents* say together, the outermost first; ``<base />`` is what the service does anyway."""
    return {section: _together(section, documents) for section in SECTIONS}


def effective(written: Sections, values: Values, *, idle_seconds: int | None = None) -> Effective:
    """Return what a document says, once it stands alone, as values.

    :raises apis.policy.elements.UnreadablePolicy: naming the element at fault, where a named value no longer fits
    """
    return Effective(
        inbound=statements_of(written.get("inbound", ()), values),
        outbound=statements_of(written.get("outbound", ()), values),
        idle_seconds=idle_seconds,
    )


def _together(section: str, documents: Sequence[Sections]) -> tuple[Element, ...]:
    found: tuple[Element, ...] = (Element(BASE),)
    for document in documents:
        if section in document:
            found = tuple(one for element in document[section] for one in (found if element.name == BASE else (element,)))
    return found
