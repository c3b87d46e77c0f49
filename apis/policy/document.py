"""The policy document: ``<policies>`` rendered from rules, and rules read from it. [pure]

The vocabulary is the published product's (its policy reference: ``authentication-certificate``, ``authentication-basic``,
``base``); whatever else a document holds is refused by element and line rather than ignored.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import TYPE_CHECKING, assert_never

from defusedxml import DefusedXmlException
from defusedxml.sax import make_parser

from apis.policy.model import AuthenticationBasic, AuthenticationCertificate, Rule
from apis.policy.reader import PolicyReader, UnreadablePolicy

if TYPE_CHECKING:
    from apis.policy.model import Policy

MASKED_PASSWORD = "***"  # noqa: S105 - what stands for a password that is not shown
SECTIONS = ("inbound", "backend", "outbound", "on-error")

_INDENT = "  "
_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"},
)


def as_xml(policy: Policy, *, reveal: bool = False) -> str:
    """Return the effective policy document of an API; equal policies give equal text, which ends with a newline.

    :param reveal: show the basic password instead of :data:`MASKED_PASSWORD`; never in a page or an answer
    """
    lines = ["<policies>"]
    for section in SECTIONS:
        rules = policy.inbound if section == "inbound" else ()
        lines += [
            f"{_INDENT}<{section}>",
            *(f"{_INDENT * 2}{element}" for element in _elements(rules, reveal=reveal)),
            f"{_INDENT}</{section}>",
        ]
    return "\n".join([*lines, "</policies>", ""])


def parse(xml: str) -> tuple[Rule, ...]:
    """Return the rules of a policy document, those of ``<inbound>``.

    A certificate may be named by ``certificate-id``, ``thumbprint`` or both; what the document leaves out is empty in the rule, a
    thumbprint comes back as 40 upper-case hex digits. A password of :data:`MASKED_PASSWORD` is returned as it stands: the caller
    takes it for "keep the one that is stored".

    :raises UnreadablePolicy: if it is not such a document; the message names element and line
    """
    reader = PolicyReader(SECTIONS)
    parser = make_parser()
    parser.forbid_dtd = True
    parser.setContentHandler(reader)
    parser.setErrorHandler(reader)
    try:
        parser.parse(StringIO(xml))
    except DefusedXmlException as error:
        raise UnreadablePolicy("DOCTYPE", parser.getLineNumber() or 1, "A policy has no document type and declares no entities.") from error
    except ValueError as error:  # half a surrogate pair, from JSON
        raise UnreadablePolicy("policies", 1, f"The text is not XML: {error}.") from error
    return reader.rules


def _elements(rules: tuple[Rule, ...], *, reveal: bool) -> Iterator[str]:
    yield "<base />"
    for rule in rules:
        yield _element(rule, reveal=reveal)


def _element(rule: Rule, *, reveal: bool) -> str:
    match rule:
        case AuthenticationCertificate():
            named = {"certificate-id": rule.certificate_id, "thumbprint": rule.thumbprint}
            return _empty_element("authentication-certificate", {key: value for key, value in named.items() if value})
        case AuthenticationBasic():
            password = rule.password.value.decode() if reveal else MASKED_PASSWORD
            return _empty_element("authentication-basic", {"username": rule.username, "password": password})
        case _:
            assert_never(rule)


def _empty_element(name: str, attributes: dict[str, str]) -> str:
    written = "".join(f' {key}="{value.translate(_ESCAPES)}"' for key, value in attributes.items())
    return f"<{name}{written} />"
