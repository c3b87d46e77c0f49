"""The policy document: ``<policies>`` rendered from rules, and rules read from it. [pure]

The vocabulary is the published product's (its policy reference); whatever a document holds beyond it is refused by element
and line rather than ignored.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, assert_never

from apis.policy import callers, cors
from apis.policy.elements import Element, UnreadablePolicy, lines_of, read
from apis.policy.model import (
    SECTIONS,
    AuthenticationBasic,
    AuthenticationCertificate,
    Cors,
    ForwardRequest,
    Rule,
    Sections,
    SetBackendService,
    ValidateClientCertificate,
)
from apis.policy.oauth import AuthenticationOAuth2
from apis.policy.proofs import MASK, AuthenticationSharedSecret, Proof, attributes_of
from apis.policy.reader import BASE, Document, Scope, document_of, sections_of
from apis.policy.references import NONE, Values, refuse_hidden

if TYPE_CHECKING:
    from apis.policy.model import Policy

__all__ = ["MASKED_PASSWORD", "SECTIONS", "UnreadablePolicy", "as_xml", "document_with", "parse", "read_document", "sections_in"]

MASKED_PASSWORD = MASK  # what stands for a password that is not shown


def as_xml(policy: Policy, *, reveal: bool = False) -> str:
    """Return the effective policy document of an API; equal policies give equal text, which ends with a newline.

    :param reveal: show passwords and secrets instead of :data:`MASKED_PASSWORD`; never in a page or an answer
    """
    return document_with(policy.rules, policy.written, reveal=reveal)


def document_with(rules: Iterable[Rule], sections: Sections, *, reveal: bool = False) -> str:
    """Return the document that says *rules* and holds the statements of *sections*; ``<base />`` alone in a section that is not there."""
    content = {name: list(sections.get(name, (Element(BASE),))) for name in SECTIONS}
    place = next((at for at, element in enumerate(content["inbound"], 1) if element.name == BASE), 0)
    for rule in rules:
        if isinstance(rule, ForwardRequest):
            content["backend"] = [_element(rule, reveal=reveal)]  # in place of the usual forwarding, which <base /> stands for
        else:
            content["inbound"].insert(place, _element(rule, reveal=reveal))
            place += 1
    document = Element("policies", children=[Element(name, children=children) for name, children in content.items()])
    return "\n".join([*lines_of(document), ""])


def read_document(xml: str, scope: Scope, values: Values = NONE) -> Document:
    """Return what a policy document says.

    A certificate may be named by ``certificate-id``, ``thumbprint`` or both; what the document leaves out is empty in the rule, a
    thumbprint comes back as 40 upper-case hex digits. A password of :data:`MASKED_PASSWORD` is returned as it stands: the caller
    takes it for "keep the one that is stored".

    :param values: the named values that it may refer to
    :raises UnreadablePolicy: if it is not such a document; the message names element and line
    """
    root = read(xml)
    refuse_hidden(root, xml)
    return document_of(root, scope, values)


def sections_in(xml: str) -> Sections:
    """Return the statements of a document that was taken once; of an empty one none."""
    return sections_of(read(xml)) if xml else {}


def parse(xml: str) -> tuple[Rule, ...]:
    """Return the rules of an API's policy document, in its order; as :func:`read_document`."""
    return read_document(xml, Scope.API).rules


def _element(rule: Rule, *, reveal: bool) -> Element:
    match rule:
        case AuthenticationCertificate():
            named = {"certificate-id": rule.certificate_id, "thumbprint": rule.thumbprint}
            return Element("authentication-certificate", {key: value for key, value in named.items() if value})
        case AuthenticationBasic() | AuthenticationSharedSecret() | AuthenticationOAuth2():
            return Element(*_with_secret(rule, reveal=reveal))
        case Cors():
            return cors.element_of(rule)
        case ValidateClientCertificate():
            return callers.element_of(rule)
        case SetBackendService():
            named = {"backend-id": rule.backend_id, "base-url": rule.base_url}
            return Element("set-backend-service", {key: value for key, value in named.items() if value})
        case ForwardRequest():
            return Element("forward-request", {"timeout": str(rule.timeout_seconds)})
        case _:
            assert_never(rule)


def _with_secret(rule: AuthenticationBasic | Proof, *, reveal: bool) -> tuple[str, dict[str, str]]:
    """Return the name and the attributes of the element of a rule that holds a secret."""
    if not isinstance(rule, AuthenticationBasic):
        return attributes_of(rule, reveal=reveal)
    password = rule.password.value.decode() if reveal else MASKED_PASSWORD
    return "authentication-basic", {"username": rule.username, "password": password}
