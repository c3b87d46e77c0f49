"""Distinguished names (RFC 5280, section 4.1.2.4) and alternative names, as people read them. [pure]"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass

from certificates import ber
from certificates.ber import Element, Malformed
from portal.characters import shown as plainly

COMMON_NAME = "2.5.4.3"
_LONGEST = 2000  # characters kept of a name
_ATTRIBUTES = {  # RFC 4514, section 3, and what OpenSSL calls the others
    COMMON_NAME: "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "title",
    "2.5.4.13": "description",
    "2.5.4.15": "businessCategory",
    "2.5.4.17": "postalCode",
    "2.5.4.20": "telephoneNumber",
    "2.5.4.41": "name",
    "2.5.4.42": "GN",
    "2.5.4.43": "initials",
    "2.5.4.44": "generationQualifier",
    "2.5.4.45": "x500UniqueIdentifier",
    "2.5.4.46": "dnQualifier",
    "2.5.4.65": "pseudonym",
    "2.5.4.97": "organizationIdentifier",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "emailAddress",
    "1.2.840.113549.1.9.2": "unstructuredName",
    "1.2.840.113549.1.9.8": "unstructuredAddress",
    "1.3.6.1.4.1.311.20.2.3": "userPrincipalName",
    "1.3.6.1.4.1.311.60.2.1.1": "jurisdictionL",
    "1.3.6.1.4.1.311.60.2.1.2": "jurisdictionST",
    "1.3.6.1.4.1.311.60.2.1.3": "jurisdictionC",
}

_OIDS = {name.casefold(): oid for oid, name in _ATTRIBUTES.items()} | {  # and what other programs call them
    "e": "1.2.840.113549.1.9.1",
    "email": "1.2.840.113549.1.9.1",
    "s": "2.5.4.8",
}


class NameKind(enum.StrEnum):
    """What an alternative name names; those that cannot be told by their looks are shown with their kind."""

    HOST = "host"
    ADDRESS = "address"  # IP
    PLAIN = "plain"  # an e-mail address, a URI
    DIRECTORY = "directory"
    USER_PRINCIPAL = "user-principal"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class AlternativeName:
    """One subject alternative name."""

    text: str
    kind: NameKind = NameKind.PLAIN

    def __str__(self) -> str:
        """Return the name itself."""
        return self.text


_USER_PRINCIPAL = "1.3.6.1.4.1.311.20.2.3"
_OTHER_NAMES = {
    "1.3.6.1.5.5.7.8.4": "hardwareModuleName",
    "1.3.6.1.5.5.7.8.5": "xmppAddr",
    "1.3.6.1.5.5.7.8.7": "dnsSRV",
    "1.3.6.1.5.5.7.8.9": "SmtpUTF8Mailbox",
    "1.3.6.1.5.2.2": "KRB5PrincipalName",
    "1.3.6.1.4.1.311.25.1": "ntdsReplication",
    "1.3.6.1.4.1.311.25.2": "ntdsSecurity",
}


def shown(name: Element) -> str:
    """Return a name in the order of RFC 4514 (the most specific part first), parts separated by a comma and a space.

    :raises Malformed: if it is none
    """
    parts = ["+".join(f"{_ATTRIBUTES.get(kind, kind)}={_escaped(value)}" for kind, value in part) for part in _parts(name)]
    return ", ".join(reversed(parts))[:_LONGEST]


def oid_named(attribute: str) -> str:
    """Return the OID of an attribute by what people call it, in whatever case; empty if that is not known."""
    return _OIDS.get(attribute.casefold(), "")


def common_name(name: Element) -> str:
    """Return the first common name, empty if there is none.

    :raises Malformed: if it is no name
    """
    return next((ber.text(value) for part in _parts(name) for kind, value in part if kind == COMMON_NAME), "")


def canonical(name: Element) -> tuple[frozenset[tuple[str, str]], ...]:
    """Return what two spellings of one name have in common: string types, case and spaces do not matter (RFC 5280, section 7.1).

    :raises Malformed: if it is no name
    """
    return tuple(frozenset((kind, " ".join(ber.text(value).split()).casefold()) for kind, value in part) for part in _parts(name))


def values_of(name: Element) -> Iterator[Element]:
    """Yield the values of a name.

    :raises Malformed: if it is none
    """
    for part in _parts(name):
        for _, value in part:
            yield value


def alternatives(names: Element) -> Iterator[AlternativeName]:
    """Yield the names in a SubjectAltName extension, as far as they can be read (RFC 5280, section 4.2.1.6)."""
    try:
        for name in ber.children(names):
            if (read := _alternative(name)) is not None:
                yield read
    except Malformed:
        return


def _alternative(name: Element) -> AlternativeName | None:  # noqa: PLR0911 - a kind of name each
    match name.tag if name.tag_class == ber.CONTEXT else -1:
        case 0:
            return _other(name)
        case 1 | 2 | 6:
            kind = NameKind.HOST if name.tag == 2 else NameKind.PLAIN  # noqa: PLR2004 - dNSName
            return AlternativeName(plainly(name.content.decode("utf-8", "replace")[:_LONGEST]), kind)
        case 3:
            return AlternativeName("x400Address", NameKind.OTHER)
        case 4:
            return AlternativeName(shown(ber.sole(name.content)), NameKind.DIRECTORY)
        case 5:
            return AlternativeName("ediPartyName", NameKind.OTHER)
        case 7:
            return AlternativeName(ber.address(name.content), NameKind.ADDRESS)
        case 8:
            return AlternativeName(ber.oid(name), NameKind.OTHER)
        case _:
            return None


def _other(name: Element) -> AlternativeName:
    kind, *wrapped = ber.children(name)
    oid = ber.oid(kind)
    value = plainly(ber.text(ber.sole(wrapped[0].content))) if wrapped else ""
    if oid == _USER_PRINCIPAL:
        return AlternativeName(value[:_LONGEST], NameKind.USER_PRINCIPAL)
    label = _OTHER_NAMES.get(oid, oid)
    return AlternativeName(label if value.startswith("#") else f"{label}={value}"[:_LONGEST], NameKind.OTHER)


def _parts(name: Element) -> list[list[tuple[str, Element]]]:
    return [[_pair(pair) for pair in ber.children(part)] for part in ber.children(name)]


def _pair(pair: Element) -> tuple[str, Element]:
    inside = ber.children(pair)
    if len(inside) != 2:  # noqa: PLR2004 - type and value
        raise Malformed
    return ber.oid(inside[0]), inside[1]


def _escaped(value: Element) -> str:
    """Return a value as RFC 4514, section 2.4, escapes it."""
    text = ber.text(value)
    if not text or (text == f"#{value.octets.hex()}"):
        return text
    for character in '\\"+,;<>':
        text = text.replace(character, f"\\{character}")
    text = text.replace("\0", "\\00")
    if text[0] in "# ":
        text = f"\\{text}"
    return plainly(f"{text[:-1]}\\ " if text[-1] == " " else text)
