"""Reads rules from the elements of a policy document, with the line of each fault. [pure]"""

from __future__ import annotations

import re
from collections.abc import Callable

from apis.policy.callers import read_callers
from apis.policy.cors import read_cors
from apis.policy.elements import Element
from apis.policy.model import AuthenticationBasic, AuthenticationCertificate, ForwardRequest, Rule, SetBackendService
from certificates.sealing import Secret

SECTIONS = ("inbound", "backend", "outbound", "on-error")
MOST_TIMEOUT_SECONDS = 3600

_THUMBPRINT = re.compile(r"[0-9A-F]{40}\Z")
_IGNORED_IN_THUMBPRINTS = re.compile(r"[\s:\u200b-\u200f\u202a-\u202e\ufeff]")  # what Windows and people paste along
_CERTIFICATE_ID_MAX_LENGTH = 80
_WHOLE_ID = re.compile(r"\A/subscriptions/.*/certificates/", re.IGNORECASE)  # some write a certificate's id with the service before it
_WHOLE_BACKEND_ID = re.compile(r"\A/subscriptions/.*/backends/", re.IGNORECASE)
# What the gateway does anyway, in the published names; another value would be a promise that is not kept.
_FORWARDED_AS_IS = {
    "follow-redirects": "false",
    "buffer-request-body": "false",
    "buffer-response": "false",
    "fail-on-error-status-code": "false",
}


def rules_of(document: Element) -> tuple[Rule, ...]:
    """Return the rules of a document, in its order.

    :raises apis.policy.elements.UnreadablePolicy: naming the element at fault
    """
    if document.name != "policies":
        document.refuse("The document element is <policies>.")
    _refuse_attributes(document)
    document.refuse_text()
    _refuse_twice(document.children)
    return tuple(rule for section in document.children for rule in _rules_of_section(section))


def _rules_of_section(section: Element) -> list[Rule]:
    if section.name not in SECTIONS:
        section.refuse(f"<policies> holds {', '.join(f'<{name}>' for name in SECTIONS)} only.")
    _refuse_attributes(section)
    section.refuse_text()
    _refuse_twice(section.children)
    rules = [rule for element in section.children if (rule := _rule(section.name, element)) is not None]
    credentials = [element for element in section.children if element.name.startswith("authentication-")]
    if len(credentials) > 1:
        credentials[1].refuse("An API presents one kind of credentials, once.")
    return rules


def _rule(section: str, element: Element) -> Rule | None:
    if element.name == "base":
        _refuse_attributes(element)
        _refuse_content(element)
        return None
    if element.name not in _READERS:
        element.refuse(f"This gateway does not know the policy <{element.name}>.")
    belongs, read = _READERS[element.name]
    if section != belongs:
        element.refuse(f"<{element.name}> belongs into <{belongs}>, not into <{section}>.")
    return read(element)


def _certificate(element: Element) -> AuthenticationCertificate:
    _refuse_content(element)
    _refuse_attributes(element, "certificate-id", "thumbprint")
    attributes = element.attributes
    if not attributes:
        element.refuse("Name the certificate by certificate-id or thumbprint.")
    certificate_id = _WHOLE_ID.sub("", attributes.get("certificate-id", ""))
    if "certificate-id" in attributes and not 0 < len(certificate_id) <= _CERTIFICATE_ID_MAX_LENGTH:
        element.refuse(f"certificate-id has 1 to {_CERTIFICATE_ID_MAX_LENGTH} characters.")
    if "{{" in attributes.get("thumbprint", ""):
        element.refuse("There are no named values ({{…}}) here; write the value itself.")
    thumbprint = _IGNORED_IN_THUMBPRINTS.sub("", attributes.get("thumbprint", "")).upper()
    if "thumbprint" in attributes and not _THUMBPRINT.match(thumbprint):
        element.refuse("thumbprint is not 40 hexadecimal digits.")
    return AuthenticationCertificate(certificate_id=certificate_id, thumbprint=thumbprint)


def _basic(element: Element) -> AuthenticationBasic:
    _refuse_content(element)
    _refuse_attributes(element, "username", "password")
    for needed in ("username", "password"):
        if needed not in element.attributes:
            element.refuse(f"The attribute {needed} is missing.")
    return AuthenticationBasic(username=element.attributes["username"], password=Secret(element.attributes["password"].encode()))


def _forward_request(element: Element) -> ForwardRequest | None:
    """Return how long to wait; ``None`` if it is not said: the gateway forwards anyway."""
    _refuse_content(element)
    _refuse_attributes(element, "timeout", *_FORWARDED_AS_IS)
    for name, value in _FORWARDED_AS_IS.items():
        if element.attributes.get(name, value) != value:
            element.refuse(f'This gateway passes calls on as they are; write {name}="{value}" or leave it out.')
    text = element.attributes.get("timeout")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_TIMEOUT_SECONDS):
        element.refuse(f"timeout is a number of seconds from 1 to {MOST_TIMEOUT_SECONDS}.")
    return ForwardRequest(timeout_seconds=int(text))


def _set_backend_service(element: Element) -> SetBackendService:
    _refuse_content(element)
    _refuse_attributes(element, "backend-id", "base-url")
    backend_id, base_url = (element.attributes.get(name, "") for name in ("backend-id", "base-url"))
    if bool(backend_id) == bool(base_url):
        element.refuse("Name a back end by backend-id, or an address by base-url; one of the two.")
    if "{{" in backend_id + base_url:
        element.refuse("There are no named values ({{…}}) here; write the value itself.")
    return SetBackendService(backend_id=_WHOLE_BACKEND_ID.sub("", backend_id), base_url=base_url)


_READERS: dict[str, tuple[str, Callable[[Element], Rule | None]]] = {
    "authentication-certificate": ("inbound", _certificate),
    "authentication-basic": ("inbound", _basic),
    "cors": ("inbound", read_cors),
    "set-backend-service": ("inbound", _set_backend_service),
    "validate-client-certificate": ("inbound", read_callers),
    "forward-request": ("backend", _forward_request),
}


def _refuse_attributes(element: Element, *allowed: str) -> None:
    if unknown := sorted(set(element.attributes) - set(allowed)):
        element.refuse(f"The attribute {unknown[0]} is not allowed here.")


def _refuse_content(element: Element) -> None:
    element.refuse_text()
    if element.children:
        element.children[0].refuse(f"<{element.name}> holds nothing.")


def _refuse_twice(elements: list[Element]) -> None:
    seen: set[str] = set()
    for element in elements:
        if element.name in seen:
            element.refuse(f"<{element.name}> stands here twice.")
        seen.add(element.name)
