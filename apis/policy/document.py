"""The policy document: ``<policies>`` rendered from rules, and rules read from it. [pure]

The vocabulary is the published product's (its policy reference: ``authentication-certificate``, ``authentication-basic``, ``cors``,
``validate-client-certificate``, ``set-backend-service``, ``forward-request``, ``base``); whatever else a document holds is refused by
element and line rather than ignored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from apis.policy import callers, cors
from apis.policy.elements import Element, UnreadablePolicy, lines_of, read
from apis.policy.model import (
    AuthenticationBasic,
    AuthenticationCertificate,
    Cors,
    ForwardRequest,
    Rule,
    SetBackendService,
    ValidateClientCertificate,
)
from apis.policy.reader import SECTIONS, rules_of

if TYPE_CHECKING:
    from apis.policy.model import Policy

__all__ = ["MASKED_PASSWORD", "SECTIONS", "UnreadablePolicy", "as_xml", "parse"]

MASKED_PASSWORD = "***"  # noqa: S105 - what stands for a password that is not shown


def as_xml(policy: Policy, *, reveal: bool = False) -> str:
    """Return the effective policy document of an API; equal policies give equal text, which ends with a newline.

    :param reveal: show the basic password instead of :data:`MASKED_PASSWORD`; never in a page or an answer
    """
    sections: dict[str, list[Element]] = {name: [Element("base")] for name in SECTIONS}
    for rule in policy.rules:
        if isinstance(rule, ForwardRequest):
            sections["backend"] = [_element(rule, reveal=reveal)]  # in place of the usual forwarding, which <base /> stands for
        else:
            sections["inbound"].append(_element(rule, reveal=reveal))
    document = Element("policies", children=[Element(name, children=children) for name, children in sections.items()])
    return "\n".join([*lines_of(document), ""])


def parse(xml: str) -> tuple[Rule, ...]:
    """Return the rules of a policy document, in its order.

    A certificate may be named by ``certificate-id``, ``thumbprint`` or both; what the document leaves out is empty in the rule, a
    thumbprint comes back as 40 upper-case hex digits. A password of :data:`MASKED_PASSWORD` is returned as it stands: the caller
    takes it for "keep the one that is stored".

    :raises UnreadablePolicy: if it is not such a document; the message names element and line
    """
    return rules_of(read(xml))


def _element(rule: Rule, *, reveal: bool) -> Element:
    match rule:
        case AuthenticationCertificate():
            named = {"certificate-id": rule.certificate_id, "thumbprint": rule.thumbprint}
            return Element("authentication-certificate", {key: value for key, value in named.items() if value})
        case AuthenticationBasic():
            password = rule.password.value.decode() if reveal else MASKED_PASSWORD
            return Element("authentication-basic", {"username": rule.username, "password": password})
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
