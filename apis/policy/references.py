"""Named values in a policy or setting: ``{{name}}`` stands for what is kept under the name. [pure]"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from apis.policy.elements import Element
from apis.policy.sentences import Sentence

NAME_PATTERN = r"[A-Za-z0-9._-]+"  # as the published product has it
_REFERENCE = re.compile(r"\{\{\s*(" + NAME_PATTERN + r")\s*\}\}")
Values = Mapping[str, str]
NONE: Values = {}


class UnknownValue(LookupError):
    """A text names a value that there is not."""

    def __init__(self, name: str) -> None:
        """Hold the name."""
        self.sentence = Sentence("There is no named value %(name)s; make it first, or write the value itself.", name=name)
        super().__init__(self.sentence)
        self.name = name


class SecretText(str):
    """The text of a secret value: it is put in, and told nobody."""

    __slots__ = ()


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

    They are put in once the document is read, so that a value is text, whatever characters it holds. An element with a secret in it
    does not say why it is at fault: the reason would tell of the secret.

    :raises apis.policy.elements.UnreadablePolicy: naming the element that refers to a value that there is not
    """
    try:
        attributes = {name: resolved_text(text, values) for name, text in element.attributes.items()}
        text = resolved_text(element.text, values)
    except UnknownValue as unknown:
        element.refuse(unknown.sentence)
    children = [resolved(child, values) for child in element.children]
    secret = holds_secret(element, values) or any(child.secret for child in children)
    return Element(element.name, attributes, children, text, element.line, element.text_line, secret)


def holds_secret(element: Element, values: Values, *, apart_from: str = "") -> bool:
    """Return whether a secret value is put into *element* itself, an attribute *apart_from* which is not looked at."""
    texts = (element.text, *(text for name, text in element.attributes.items() if name != apart_from))
    return any(isinstance(values.get(name), SecretText) for text in texts for name in names_in(text))


def refuse_hidden(root: Element, xml: str) -> None:
    """Go on only if each reference in a document can be found in its text *xml*, as those who look for uses of a value do.

    :raises apis.policy.elements.UnreadablePolicy: naming the element
    """
    written = names_in(xml)
    for element, text in texts_of(root):
        if names_in(text) - written:
            element.refuse(Sentence("Write {{…}} as it is, without character references or comments in it."))


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
