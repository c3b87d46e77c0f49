"""Named values in a policy or setting: ``{{name}}`` stands for what is kept under the name. [pure]"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from apis.policy.elements import Element

NAME_PATTERN = r"[A-Za-z0-9._-]+"  # as the published product has it
_REFERENCE = re.compile(r"\{\{\s*(" + NAME_PATTERN + r")\s*\}\}")
Values = Mapping[str, str]
NONE: Values = {}


class UnknownValue(LookupError):
    """A text names a value that there is not."""

    def __init__(self, name: str) -> None:
        """Hold the name."""
        super().__init__(f"There is no named value {name}; make it first, or write the value itself.")
        self.name = name


def names_in(text: str) -> frozenset[str]:
    """Return the names of the values that *text* refers to."""
    return frozenset(_REFERENCE.findall(text)) if "{{" in text else frozenset()


def resolved_text(text: str, values: Values) -> str:
    """Return *text* with the values in place of their names.

    :raises UnknownValue: if there is none of a name
    """
    return _REFERENCE.sub(lambda found: _value(found[1], values), text) if "{{" in text else text


def resolved(element: Element, values: Values) -> Element:
    """Return *element* with the values in place of their names, in its attributes, its text and what it holds.

    They are put in once the document is read, so that a value is text, whatever characters it holds.

    :raises apis.policy.elements.UnreadablePolicy: naming the element that refers to a value that there is not
    """
    try:
        attributes = {name: resolved_text(text, values) for name, text in element.attributes.items()}
        text = resolved_text(element.text, values)
    except UnknownValue as unknown:
        element.refuse(str(unknown))
    children = [resolved(child, values) for child in element.children]
    return Element(element.name, attributes, children, text, element.line, element.text_line)


def texts_of(element: Element) -> Iterator[tuple[Element, str]]:
    """Yield the attributes and texts of *element* and of what it holds, each with its element."""
    for text in (*element.attributes.values(), element.text):
        yield element, text
    for child in element.children:
        yield from texts_of(child)


def _value(name: str, values: Values) -> str:
    try:
        return values[name]
    except KeyError:
        raise UnknownValue(name) from None
