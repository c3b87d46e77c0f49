"""Reads a policy document of a scope, with the line of each fault. [pure]"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from apis.policy.callers import read_callers
from apis.policy.cors import read_cors
from apis.policy.elements import Element
from apis.policy.model import SECTIONS, AuthenticationBasic, AuthenticationCertificate, ForwardRequest, Rule, Sections, SetBackendService
from apis.policy.proofs import READERS, SECRET_ATTRIBUTES
from apis.policy.references import NONE, Values, holds_secret, resolved, texts_of
from apis.policy.sentences import Sentence
from apis.policy.statements import STATEMENTS, Statement
from certificates.sealing import Secret
from portal.whole_numbers import whole_number

MOST_TIMEOUT_SECONDS = 3600
BASE = "base"
_CERTIFICATE, _BASIC = "authentication-certificate", "authentication-basic"

_THUMBPRINT = re.compile(r"[0-9A-F]{40}\Z")
_IGNORED_IN_THUMBPRINTS = re.compile(r"[\s:\u200b-\u200f\u202a-\u202e\ufeff]")  # what Windows and people paste along
_CERTIFICATE_ID_MAX_LENGTH = 80
_WHOLE_ID = re.compile(r"\A/subscriptions/.*/certificates/", re.IGNORECASE)  # some write a certificate's id with the service before it
_EXPRESSION = re.compile(r"""\s*["']?@[({]""")
_WHOLE_BACKEND_ID = re.compile(r"\A/subscriptions/.*/backends/", re.IGNORECASE)
# What the gateway does anyway, in the published names; another value would be a promise that is not kept.
_FORWARDED_AS_IS = {
    "follow-redirects": "false",
    "buffer-request-body": "false",
    "buffer-response": "false",
    "fail-on-error-status-code": "false",
}


class Scope(enum.StrEnum):
    """What a document is about."""

    SERVICE = "service"  # all APIs
    API = "api"
    OPERATION = "operation"


@dataclass(frozen=True, slots=True)
class Document:
    """A document that was read.

    :ivar rules: what an API has settings for, in the document's order, the values in place of their names
    :ivar sections: the other statements of each section and its ``<base />``, as they stand there
    """

    rules: tuple[Rule, ...]
    sections: Sections


class _RuleKind(NamedTuple):
    section: str
    read: Callable[[Element], Rule | None]
    scopes: frozenset[Scope]


MOST_STATEMENTS = 100  # of a section: a call goes through them all


def document_of(root: Element, scope: Scope, values: Values = NONE) -> Document:
    """Return the document that *root* is.

    :param values: the named values that it may refer to
    :raises apis.policy.elements.UnreadablePolicy: naming the element at fault
    """
    if root.name != "policies":
        root.refuse(Sentence("The document element is <policies>."))
    root.refuse_attributes()
    root.refuse_text()
    _refuse_twice(root.children)
    rules = [rule for section in root.children for rule in _rules_of(section, scope, values)]
    return Document(rules=tuple(rules), sections=sections_of(root))


def sections_of(root: Element) -> Sections:
    """Return the statements of each section of a document and its ``<base />``, as they stand there."""
    return {section.name: tuple(one for one in section.children if one.name == BASE or one.name in STATEMENTS) for section in root.children}


def statements_of(elements: tuple[Element, ...], values: Values) -> tuple[Statement, ...]:
    """Return the statements that *elements* are, ``<base />`` left out.

    :raises apis.policy.elements.UnreadablePolicy: naming the element at fault
    """
    return tuple(STATEMENTS[one.name].read(resolved(one, values)) for one in elements if one.name in STATEMENTS)


def _rules_of(section: Element, scope: Scope, values: Values) -> list[Rule]:
    if section.name not in SECTIONS:
        section.refuse(Sentence("<policies> holds %(names)s only.", names=", ".join(f"<{name}>" for name in SECTIONS)))
    section.refuse_attributes()
    section.refuse_text()
    if len(section.children) > MOST_STATEMENTS:
        section.refuse(Sentence("<%(name)s> holds %(most)s policies at most.", name=section.name, most=MOST_STATEMENTS))
    _refuse_twice([one for one in section.children if one.name not in STATEMENTS])
    rules = [rule for element in section.children if (rule := _rule(section.name, element, scope, values)) is not None]
    credentials = [element for element in section.children if element.name.startswith("authentication-")]
    if len({one.name for one in credentials} - {_CERTIFICATE}) > 1 or {_CERTIFICATE, _BASIC} <= {one.name for one in credentials}:
        credentials[1].refuse(
            Sentence("An API presents one kind of credentials, once; a client certificate may stand beside a secret of another kind.")
        )
    return rules


def _rule(section: str, element: Element, scope: Scope, values: Values) -> Rule | None:
    """Return the rule that *element* is; ``None`` for ``<base />`` and statements, which are checked."""
    if element.name == BASE:
        element.refuse_attributes()
        element.refuse_content()
        return None
    if element.name not in STATEMENTS and element.name not in RULE_KINDS:
        element.refuse(
            Sentence(
                "This gateway does not know the policy <%(name)s>. It knows %(names)s.",
                name=element.name,
                names=", ".join(sorted({*STATEMENTS, *RULE_KINDS})),
            )
        )
    for one, text in texts_of(element):
        if _EXPRESSION.match(text):
            one.refuse(Sentence("Expressions (@(…)) are not evaluated here; write the value itself, or a named value ({{…}})."))
    if statement := STATEMENTS.get(element.name):
        _check_section(section, element, statement.sections)
        statement.read_in(section, resolved(element, values))
        return None
    kind = RULE_KINDS[element.name]
    _check_section(section, element, (kind.section,))
    if scope not in kind.scopes:
        element.refuse(
            Sentence(
                "<%(name)s> belongs into the policy of an API here: its operations share the connections to its back end.",
                name=element.name,
            )
        )
    _refuse_secrets(element, values)
    return kind.read(resolved(element, values))


def _refuse_secrets(element: Element, values: Values) -> None:
    """Refuse secrets in what becomes a setting, which pages show and the log tells; a password is kept as one."""
    if holds_secret(element, values, apart_from=SECRET_ATTRIBUTES.get(element.name, "")):
        element.refuse(
            Sentence("A secret named value cannot stand here: it would be shown among the API's settings. Use one that is no secret.")
        )
    for child in element.children:
        _refuse_secrets(child, values)


def _check_section(section: str, element: Element, allowed: tuple[str, ...]) -> None:
    if section not in allowed:
        element.refuse(
            Sentence(
                "<%(name)s> belongs into %(names)s, not into <%(section)s>.",
                name=element.name,
                names=" / ".join(f"<{name}>" for name in allowed),
                section=section,
            )
        )


def _read_certificate(element: Element) -> AuthenticationCertificate:
    element.refuse_content()
    element.refuse_attributes("certificate-id", "thumbprint")
    attributes = element.attributes
    if not attributes:
        element.refuse(Sentence("Name the certificate by certificate-id or thumbprint."))
    certificate_id = _WHOLE_ID.sub("", attributes.get("certificate-id", ""))
    if "certificate-id" in attributes and not 0 < len(certificate_id) <= _CERTIFICATE_ID_MAX_LENGTH:
        element.refuse(Sentence("certificate-id has 1 to %(longest)s characters.", longest=_CERTIFICATE_ID_MAX_LENGTH))
    thumbprint = _IGNORED_IN_THUMBPRINTS.sub("", attributes.get("thumbprint", "")).upper()
    if "thumbprint" in attributes and not _THUMBPRINT.match(thumbprint):
        element.refuse(Sentence("thumbprint is not 40 hexadecimal digits."))
    return AuthenticationCertificate(certificate_id=certificate_id, thumbprint=thumbprint)


def _read_basic(element: Element) -> AuthenticationBasic:
    element.refuse_content()
    element.refuse_attributes("username", "password")
    for needed in ("username", "password"):
        if needed not in element.attributes:
            element.refuse(Sentence("The attribute %(name)s is missing.", name=needed))
    return AuthenticationBasic(username=element.attributes["username"], password=Secret(element.attributes["password"].encode()))


def _forward_request(element: Element) -> ForwardRequest | None:
    """Return how long to wait; ``None`` if it is not said: the gateway forwards anyway."""
    element.refuse_content()
    element.refuse_attributes("timeout", *_FORWARDED_AS_IS)
    for name, value in _FORWARDED_AS_IS.items():
        if element.attributes.get(name, value) != value:
            element.refuse(
                Sentence('This gateway passes calls on as they are; write %(name)s="%(value)s" or leave it out.', name=name, value=value)
            )
    text = element.attributes.get("timeout")
    if text is None:
        return None
    seconds = whole_number(text)
    if seconds is None or not 1 <= seconds <= MOST_TIMEOUT_SECONDS:
        element.refuse(Sentence("timeout is a number of seconds from 1 to %(most)s.", most=MOST_TIMEOUT_SECONDS))
    return ForwardRequest(timeout_seconds=seconds)


def _set_backend_service(element: Element) -> SetBackendService:
    element.refuse_content()
    element.refuse_attributes("backend-id", "base-url")
    backend_id, base_url = (element.attributes.get(name, "") for name in ("backend-id", "base-url"))
    if bool(backend_id) == bool(base_url):
        element.refuse(Sentence("Name a back end by backend-id, or an address by base-url; one of the two."))
    return SetBackendService(backend_id=_WHOLE_BACKEND_ID.sub("", backend_id), base_url=base_url)


_OF_APIS = frozenset({Scope.API})
RULE_KINDS: Mapping[str, _RuleKind] = {
    _CERTIFICATE: _RuleKind("inbound", _read_certificate, _OF_APIS),
    _BASIC: _RuleKind("inbound", _read_basic, _OF_APIS),
    **{name: _RuleKind("inbound", read, _OF_APIS) for name, read in READERS.items()},
    "cors": _RuleKind("inbound", read_cors, frozenset({Scope.SERVICE, Scope.API})),
    "set-backend-service": _RuleKind("inbound", _set_backend_service, _OF_APIS),
    "validate-client-certificate": _RuleKind("inbound", read_callers, _OF_APIS),
    "forward-request": _RuleKind("backend", _forward_request, frozenset(Scope)),
}
RULES = tuple(RULE_KINDS)


def _refuse_twice(elements: list[Element]) -> None:
    seen: set[str] = set()
    for element in elements:
        if element.name in seen:
            element.refuse(Sentence("<%(name)s> stands here twice.", name=element.name))
        seen.add(element.name)
