"""XML text to elements, each with its line, and elements to XML text; what they mean is decided elsewhere. [pure]"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import StringIO
from typing import Any, Never
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler, ErrorHandler
from xml.sax.xmlreader import Locator

from defusedxml import DefusedXmlException
from defusedxml.sax import make_parser

_INDENT = "  "
_DEEPEST = 10  # elements within elements; a policy has five at most
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"})


class UnreadablePolicy(Exception):
    """A text that is not a policy document we can hold.

    :ivar element: the element at fault
    :ivar line: its line, from 1
    :ivar reason: a sentence
    """

    def __init__(self, element: str, line: int, reason: str) -> None:
        """Hold the place and the reason."""
        super().__init__(f"Error in element '{element}' on line {line}: {reason}")
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

    def refuse(self, reason: str) -> Never:
        """Say that this element is at fault.

        :raises UnreadablePolicy: always
        """
        raise UnreadablePolicy(self.name, self.line, reason)

    def refuse_text(self) -> None:
        """Say so if the element holds text.

        :raises UnreadablePolicy: with the line of the text
        """
        if self.text:
            raise UnreadablePolicy(self.name, self.text_line, "Text is not allowed here.")


def read(xml: str) -> Element:
    """Return the document element of *xml*. Comments are left out; white space around elements means nothing.

    :raises UnreadablePolicy: if it is not well-formed, declares a document type, or mixes text with elements
    """
    builder = _Builder()
    parser = make_parser()
    parser.forbid_dtd = True
    parser.setContentHandler(builder)
    parser.setErrorHandler(builder)
    try:
        parser.parse(StringIO(xml))
    except DefusedXmlException as error:
        raise UnreadablePolicy("DOCTYPE", parser.getLineNumber() or 1, "A policy has no document type and declares no entities.") from error
    except ValueError as error:  # half a surrogate pair, from JSON
        raise UnreadablePolicy("policies", 1, f"The text is not XML: {error}.") from error
    return builder.document


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


class _Builder(ContentHandler, ErrorHandler):
    """Builds the elements while the parser walks the text."""

    document: Element

    def __init__(self) -> None:
        """Begin with nothing open."""
        super().__init__()
        self._open: list[Element] = []
        self._locator: Locator | None = None

    def setDocumentLocator(self, locator: Locator) -> None:  # noqa: N802 - the parser's name for it
        """Keep what tells the line."""
        self._locator = locator

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802 - the parser's name for it
        """Put an element in its place."""
        element = Element(name, dict(attrs.items()), line=self._line())
        if not self._open:
            self.document = element
        elif len(self._open) == _DEEPEST:
            element.refuse("A policy is not nested as deeply as this.")
        else:
            self._open[-1].refuse_text()
            self._open[-1].children.append(element)
        self._open.append(element)

    def endElement(self, _name: str) -> None:  # noqa: N802 - the parser's name for it
        """Leave an element."""
        element = self._open.pop()
        element.text = element.text.strip()

    def characters(self, content: str) -> None:
        """Take text in where no elements are."""
        element = self._open[-1]
        if not element.text and content.strip():
            element.text_line = self._line()
        element.text = (element.text + content).lstrip()
        if element.children:
            element.refuse_text()

    def processingInstruction(self, target: str, _data: str) -> None:  # noqa: N802 - the parser's name for it
        """Refuse ``<?…?>``."""
        raise UnreadablePolicy(f"?{target}", self._line(), "Processing instructions are not allowed.")

    def error(self, exception: BaseException) -> Never:
        """Turn the parser's complaint into ours."""
        self.fatalError(exception)

    def fatalError(self, exception: BaseException) -> Never:  # noqa: N802 - the parser's name for it
        """Turn the parser's complaint into ours."""
        line = exception.getLineNumber() if isinstance(exception, SAXParseException) else None
        message = exception.getMessage() if isinstance(exception, SAXParseException) else str(exception)
        element = self._open[-1].name if self._open else "policies"
        raise UnreadablePolicy(element, line or 1, f"The text is not well-formed XML: {message}.")

    def _line(self) -> int:
        return (self._locator.getLineNumber() if self._locator else None) or 1
