"""XML text to elements, each with its line, and elements to XML text; what they mean is decided elsewhere. [pure]"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Never
from xml.parsers import expat

from apis.policy.sentences import Sentence

_INDENT = "  "
_EXPRESSION = re.compile(r"@[({]")  # their quotes break XML, where a client sends them as they are (rawxml)
_OF_SECRET = Sentence("The secret named value that stands here does not fit. What it is, and so why, is not told.")
_DEEPEST = 10  # elements within elements; a policy has five at most
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"})


class UnreadablePolicy(Exception):
    """A text that is not a policy document we can hold.

    :ivar element: the element at fault
    :ivar line: its line, from 1
    :ivar reason: a sentence
    :ivar sentence: the place and the reason
    """

    def __init__(self, element: str, line: int, reason: str) -> None:
        """Hold the place and the reason."""
        self.sentence = Sentence("Error in element '%(element)s' on line %(line)s: %(reason)s", element=element, line=line, reason=reason)
        super().__init__(self.sentence)
        self.element = element
        self.line = line
        self.reason = reason


@dataclass(slots=True)
class Element:
    """An element. One that holds text holds no elements."""

    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    children: list[Element] = field(default_factory=list)
    text: str = ""  # without blanks at its ends
    line: int = 1
    text_line: int = 1  # where its text begins
    secret: bool = False  # whether a secret was put in

    def refuse(self, reason: str) -> Never:
        """Say that this element is at fault; not why, if a secret stands in it.

        :raises UnreadablePolicy: always
        """
        raise UnreadablePolicy(self.name, self.line, _OF_SECRET if self.secret else reason)

    def refuse_text(self) -> None:
        """Say so if the element holds text.

        :raises UnreadablePolicy: with the line of the text
        """
        if self.text:
            raise UnreadablePolicy(self.name, self.text_line, Sentence("Text is not allowed here."))

    def refuse_children(self) -> None:
        """Say so if the element holds elements.

        :raises UnreadablePolicy: naming the first of them
        """
        if self.children:
            self.children[0].refuse(
                Sentence("<%(name)s> holds nothing.", name=self.name)
                if not self.text
                else Sentence("<%(name)s> holds text only.", name=self.name)
            )

    def refuse_content(self) -> None:
        """Say so if the element holds anything.

        :raises UnreadablePolicy: naming what it is
        """
        self.refuse_text()
        self.refuse_children()

    def refuse_attributes(self, *allowed: str) -> None:
        """Say so if the element has an attribute that is none of *allowed*.

        :raises UnreadablePolicy: naming the attribute
        """
        if unknown := sorted(set(self.attributes) - set(allowed)):
            self.refuse(Sentence("The attribute %(name)s is not allowed here.", name=unknown[0]))

    def needed(self, name: str) -> str:
        """Return the attribute *name*.

        :raises UnreadablePolicy: if it is missing or empty
        """
        if not (value := self.attributes.get(name, "").strip()):
            self.refuse(Sentence("The attribute %(name)s is missing.", name=name))
        return value


def read(xml: str) -> Element:
    """Return the document element of *xml*. Comments are left out; white space around elements means nothing.

    :raises UnreadablePolicy: if it is not well-formed, declares a document type, or mixes text with elements
    """
    return _Reader().read(xml)


def lines_of(element: Element, depth: int = 0) -> Iterator[str]:
    """Yield the lines of *element* as XML, indented by two spaces for each level."""
    indent, name = _INDENT * depth, element.name
    written = "".join(f' {key}="{value.translate(_ESCAPES)}"' for key, value in element.attributes.items())
    if element.children:
        yield f"{indent}<{name}{written}>"
        for child in element.children:
            yield from lines_of(child, depth + 1)
        yield f"{indent}</{name}>"
    elif element.text:
        yield f"{indent}<{name}{written}>{element.text.translate(_ESCAPES)}</{name}>"
    else:
        yield f"{indent}<{name}{written} />"


class _Reader:
    """Builds the elements while expat walks the text. Without a document type there are no entities to expand or to fetch."""

    document: Element

    def __init__(self) -> None:
        """Begin with nothing open."""
        self._open: list[Element] = []
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse_document_type
        parser.ProcessingInstructionHandler = self._refuse_instruction
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._take_text

    def read(self, xml: str) -> Element:
        """Return the document element of *xml*.

        :raises UnreadablePolicy: see :func:`read`
        """
        try:
            self._parser.Parse(xml, True)
        except expat.ExpatError as error:
            element = self._open[-1].name if self._open else "policies"
            reason = Sentence("The text is not well-formed XML: %(error)s.", error=expat.ErrorString(error.code))
            if _EXPRESSION.search("\n".join(xml.splitlines()[error.lineno - 1 : error.lineno])):
                reason = Sentence("Expressions (@(…)) are not evaluated here; write the value itself, or a named value ({{…}}).")
            raise UnreadablePolicy(element, error.lineno, reason) from error
        except ValueError as error:  # half a surrogate pair, from JSON
            raise UnreadablePolicy("policies", 1, Sentence("The text is not XML: %(error)s.", error=error)) from error
        return self.document

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        """Put an element in its place."""
        element = Element(name, attributes, line=self._parser.CurrentLineNumber)
        if not self._open:
            self.document = element
        elif len(self._open) == _DEEPEST:
            element.refuse(Sentence("A policy is not nested as deeply as this."))
        else:
            self._open[-1].refuse_text()
            self._open[-1].children.append(element)
        self._open.append(element)

    def _end(self, _name: str) -> None:
        """Leave an element."""
        element = self._open.pop()
        element.text = element.text.strip()

    def _take_text(self, content: str) -> None:
        """Take text in where no elements are."""
        element = self._open[-1]
        if not element.text and content.strip():
            element.text_line = self._parser.CurrentLineNumber
        element.text = (element.text + content).lstrip()
        if element.children:
            element.refuse_text()

    def _refuse_document_type(self, *_declared: object) -> None:
        """Refuse ``<!DOCTYPE …>``, before anything in it counts."""
        raise UnreadablePolicy(
            "DOCTYPE", self._parser.CurrentLineNumber, Sentence("A policy has no document type and declares no entities.")
        )

    def _refuse_instruction(self, target: str, _data: str) -> None:
        """Refuse ``<?…?>``."""
        raise UnreadablePolicy(f"?{target}", self._parser.CurrentLineNumber, Sentence("Processing instructions are not allowed."))
