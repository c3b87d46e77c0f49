"""Reads a policy document element by element, with the line of each. [pure]"""

from __future__ import annotations

import re
from typing import Any, Never
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler, ErrorHandler
from xml.sax.xmlreader import Locator

from apis.policy.model import AuthenticationBasic, AuthenticationCertificate, Rule
from certificates.sealing import Secret

_THUMBPRINT = re.compile(r"[0-9A-F]{40}\Z")
_IGNORED_IN_THUMBPRINTS = re.compile(r"[\s:\u200b-\u200f\u202a-\u202e\ufeff]")  # what Windows and people paste along
_CERTIFICATE_ID_MAX_LENGTH = 80


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


class PolicyReader(ContentHandler, ErrorHandler):
    """Collects the rules while the parser walks the document: ``policies`` / section / rule, nothing deeper."""

    def __init__(self, sections: tuple[str, ...]) -> None:
        """Expect these sections, each at most once."""
        super().__init__()
        self.rules: tuple[Rule, ...] = ()
        self._sections = sections
        self._open: list[str] = []
        self._seen: set[tuple[str, ...]] = set()
        self._locator: Locator | None = None

    def setDocumentLocator(self, locator: Locator) -> None:  # noqa: N802 - the parser's name for it
        """Keep what tells the line."""
        self._locator = locator

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802 - the parser's name for it
        """Take an element in, or refuse it."""
        attributes = dict(attrs.items())
        match self._open:
            case []:
                self._expect(name, ("policies",), "The document element is <policies>.")
                self._refuse_attributes(name, attributes, ())
            case ["policies"]:
                self._expect(name, self._sections, f"<policies> holds {', '.join(f'<{section}>' for section in self._sections)} only.")
                self._refuse_attributes(name, attributes, ())
            case ["policies", section]:
                self._take_rule(section, name, attributes)
            case _:
                self._refuse(name, f"<{self._open[-1]}> holds nothing.")
        if (place := (*self._open, name)) in self._seen:
            self._refuse(name, f"<{name}> stands here twice.")
        self._seen.add(place)
        self._open.append(name)

    def endElement(self, _name: str) -> None:  # noqa: N802 - the parser's name for it
        """Leave an element."""
        self._open.pop()

    def characters(self, content: str) -> None:
        """Let blanks pass; a policy holds no text."""
        if content.strip():
            self._refuse(self._open[-1], "Text is not allowed here.")

    def processingInstruction(self, target: str, _data: str) -> None:  # noqa: N802 - the parser's name for it
        """Refuse ``<?…?>``."""
        self._refuse(f"?{target}", "Processing instructions are not allowed.")

    def error(self, exception: BaseException) -> Never:
        """Turn the parser's complaint into ours."""
        self.fatalError(exception)

    def fatalError(self, exception: BaseException) -> Never:  # noqa: N802 - the parser's name for it
        """Turn the parser's complaint into ours."""
        line = exception.getLineNumber() if isinstance(exception, SAXParseException) else None
        message = exception.getMessage() if isinstance(exception, SAXParseException) else str(exception)
        element = self._open[-1] if self._open else "policies"
        raise UnreadablePolicy(element, line or 1, f"The text is not well-formed XML: {message}.")

    def _take_rule(self, section: str, name: str, attributes: dict[str, str]) -> None:
        if name == "base":
            self._refuse_attributes(name, attributes, ())
            return
        if name not in {"authentication-certificate", "authentication-basic"}:
            self._refuse(name, f"This gateway does not know the policy <{name}>.")
        if section != "inbound":
            self._refuse(name, f"<{name}> belongs into <inbound>, not into <{section}>.")
        if self.rules:
            self._refuse(name, "An API presents one kind of credentials, once.")
        make = self._certificate if name == "authentication-certificate" else self._basic
        self.rules = (make(name, attributes),)

    def _certificate(self, name: str, attributes: dict[str, str]) -> AuthenticationCertificate:
        self._refuse_attributes(name, attributes, ("certificate-id", "thumbprint"))
        if not attributes:
            self._refuse(name, "Name the certificate by certificate-id or thumbprint.")
        certificate_id = attributes.get("certificate-id", "")
        if "certificate-id" in attributes and not 0 < len(certificate_id) <= _CERTIFICATE_ID_MAX_LENGTH:
            self._refuse(name, f"certificate-id has 1 to {_CERTIFICATE_ID_MAX_LENGTH} characters.")
        thumbprint = _IGNORED_IN_THUMBPRINTS.sub("", attributes.get("thumbprint", "")).upper()
        if "thumbprint" in attributes and not _THUMBPRINT.match(thumbprint):
            self._refuse(name, "thumbprint is not 40 hexadecimal digits.")
        return AuthenticationCertificate(certificate_id=certificate_id, thumbprint=thumbprint)

    def _basic(self, name: str, attributes: dict[str, str]) -> AuthenticationBasic:
        self._refuse_attributes(name, attributes, ("username", "password"))
        for needed in ("username", "password"):
            if needed not in attributes:
                self._refuse(name, f"The attribute {needed} is missing.")
        return AuthenticationBasic(username=attributes["username"], password=Secret(attributes["password"].encode()))

    def _expect(self, name: str, allowed: tuple[str, ...], reason: str) -> None:
        if name not in allowed:
            self._refuse(name, reason)

    def _refuse_attributes(self, name: str, attributes: dict[str, str], allowed: tuple[str, ...]) -> None:
        if unknown := sorted(set(attributes) - set(allowed)):
            self._refuse(name, f"The attribute {unknown[0]} is not allowed here.")

    def _refuse(self, element: str, reason: str) -> Never:
        raise UnreadablePolicy(element, self._line(), reason)

    def _line(self) -> int:
        return (self._locator.getLineNumber() if self._locator else None) or 1
