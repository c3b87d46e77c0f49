"""The ``<validate-client-certificate>`` policy: its element, and which values it may hold. [pure]

The vocabulary is the published product's; ``uri`` in an identity is this gateway's own, for alternative names that are URIs.
"""

from __future__ import annotations

import re

from apis.policy.elements import Element
from apis.policy.model import CallerIdentity, ValidateClientCertificate
from apis.policy.sentences import Sentence
from certificates.host_names import is_host_name

NAME = "validate-client-certificate"
NAMES_NEED_TRUST = Sentence("A name in a certificate says nothing unless a trusted authority has issued it; validate-trust must be true.")
_THUMBPRINT = re.compile(r"(?:[0-9A-F]{40}|[0-9A-F]{64})\Z")  # SHA-1 or SHA-256
_IGNORED = re.compile(r"[\s:\u200b-\u200f\u202a-\u202e\ufeff]")  # what Windows and people paste along
_URI = re.compile(r"[a-z][a-z0-9+.-]*:[!-~]+\Z")
_LONGEST = 2000
MOST_IDENTITIES = 100
_FLAGS = {"true": True, "false": False}
_IDENTITIES = ("thumbprint", "dns-name", "uri")
_NOT_LOOKED_AT = ("serial-number", "common-name", "subject", "issuer-subject", "issuer-thumbprint", "issuer-certificate-id")
_ALWAYS = ("validate-not-before", "validate-not-after")


def normal_identity(text: str) -> CallerIdentity | None:
    """Return the identity that somebody has written: a thumbprint, a host name or a URI; ``None`` if it is none."""
    digits = _IGNORED.sub("", text).upper()
    if _THUMBPRINT.match(digits):
        return CallerIdentity(thumbprint=digits)
    name = text.strip()
    if is_host_name(name.lower()):
        return CallerIdentity(name=name.lower())
    return CallerIdentity(name=name) if len(name) <= _LONGEST and _URI.match(name) else None


def element_of(rule: ValidateClientCertificate) -> Element:
    """Return the rule as an element."""
    attributes = {
        "validate-revocation": "false",
        "validate-trust": str(rule.trusted).lower(),
        "validate-not-before": "true",
        "validate-not-after": "true",
        "ignore-error": str(not rule.required).lower(),
    }
    identities = [Element("identity", _written(identity)) for identity in rule.identities]
    return Element(NAME, attributes, [Element("identities", children=identities)] if identities else [])


def read_callers(element: Element) -> ValidateClientCertificate:
    """Return the rule that *element* is.

    :raises apis.policy.elements.UnreadablePolicy: naming the element at fault
    """
    flags = ("validate-revocation", "validate-trust", *_ALWAYS, "ignore-error")
    if unknown := sorted(set(element.attributes) - set(flags)):
        element.refuse(Sentence("The attribute %(name)s is not allowed here.", name=unknown[0]))
    element.refuse_text()
    if _flag(element, "validate-revocation", default=False):
        element.refuse(
            Sentence('This gateway does not ask whether certificates were revoked; write validate-revocation="false" or leave it out.')
        )
    for name in _ALWAYS:
        if not _flag(element, name, default=True):
            element.refuse(
                Sentence('This gateway takes no certificate outside its dates; write %(name)s="true" or leave it out.', name=name)
            )
    required = not _flag(element, "ignore-error", default=False)
    identities = _identities(element)
    if not required:
        if identities:
            element.refuse(Sentence('With ignore-error="true" no identity decides anything; leave them out.'))
        return ValidateClientCertificate(required=False, trusted=False)
    trusted = _flag(element, "validate-trust", default=True)
    if not trusted and not identities:
        element.refuse(Sentence('With validate-trust="false" name the identities that are let in by their thumbprints.'))
    if not trusted and any(identity.name for identity in identities):
        element.refuse(NAMES_NEED_TRUST)
    return ValidateClientCertificate(trusted=trusted, identities=identities)


def _identities(element: Element) -> tuple[CallerIdentity, ...]:
    if not element.children:
        return ()
    first, *others = element.children
    if first.name != "identities" or others:
        (others or [first])[0].refuse(Sentence("<%(name)s> holds one <identities>.", name=NAME))
    if first.attributes:
        first.refuse(Sentence("The attribute %(name)s is not allowed here.", name=min(first.attributes)))
    first.refuse_text()
    if len(first.children) > MOST_IDENTITIES:
        first.refuse(Sentence("<identities> holds %(most)s <identity> elements at most.", most=MOST_IDENTITIES))
    return tuple(dict.fromkeys(map(_identity, first.children)))


def _identity(element: Element) -> CallerIdentity:
    if element.name != "identity":
        element.refuse(Sentence("<identities> holds <identity> only."))
    element.refuse_text()
    if element.children:
        element.children[0].refuse(Sentence("<identity> holds nothing."))
    for name in element.attributes:
        if name in _NOT_LOOKED_AT:
            element.refuse(
                Sentence("This gateway does not look at %(name)s; name the certificate by its thumbprint, dns-name or uri.", name=name)
            )
        if name not in _IDENTITIES:
            element.refuse(Sentence("The attribute %(name)s is not allowed here.", name=name))
    if len(element.attributes) != 1:
        element.refuse(Sentence("An identity is named by one of thumbprint, dns-name and uri."))
    ((name, text),) = element.attributes.items()
    identity = normal_identity(text)
    if identity is None or _written(identity).keys() != {name}:
        element.refuse(
            Sentence("thumbprint is not 40 or 64 hexadecimal digits.")
            if name == "thumbprint"
            else Sentence("This is not a %(name)s.", name=name)
        )
    return identity


def _written(identity: CallerIdentity) -> dict[str, str]:
    if identity.thumbprint:
        return {"thumbprint": identity.thumbprint}
    return {"dns-name" if is_host_name(identity.name) else "uri": identity.name}


def _flag(element: Element, name: str, *, default: bool) -> bool:
    text = element.attributes.get(name)
    if text is None:
        return default
    if text not in _FLAGS:
        element.refuse(Sentence("%(name)s is true or false.", name=name))
    return _FLAGS[text]
