"""Subjects and alternative names as people type them. [pure]"""

from __future__ import annotations

import enum
import ipaddress
import re
from collections.abc import Sequence

import idna
from cryptography import x509

from certificates.host_names import is_host_name
from certificates.x509.names import oid_named

_PIECE = re.compile(r"(?:\\.|[^\\,\n])+", re.DOTALL)
_TYPE = re.compile(r"(\A|(?<!\\)\+)\s*([A-Za-z][A-Za-z0-9 -]*?|[0-9]+(?:\.[0-9]+)+)\s*=\s*")
_SEPARATORS = re.compile(r"[\s,;]+")
_COUNTRY = "2.5.4.6"
_LETTERS = 2  # of a country


class Wrong(enum.StrEnum):
    """What is wrong with a part of a name."""

    NO_TYPE = "no-type"
    UNKNOWN_TYPE = "unknown-type"
    COUNTRY = "country"
    VALUE = "value"  # empty, too long, or not escaped
    ALTERNATIVE = "alternative"
    SCRIPT = "script"  # an e-mail address or a URI that is not ASCII


class BadName(ValueError):
    """A subject or an alternative name that no certificate can have.

    :ivar wrong: what is wrong
    :ivar part: with what
    """

    def __init__(self, wrong: Wrong, part: str) -> None:
        """Hold both."""
        super().__init__(f"{wrong.value}: {part}")
        self.wrong = wrong
        self.part = part


def subject_of(text: str) -> x509.Name:
    """Return a subject written as RFC 4514 has it, the most specific part first: ``CN=orders,O=Example``.

    Blanks around parts do not matter.

    :raises BadName: naming the part that is wrong
    """
    parts = [_part(piece.strip()) for piece in _PIECE.findall(text) if piece.strip()]
    return x509.Name(list(reversed(parts)))


def alternatives_of(texts: Sequence[str]) -> list[x509.GeneralName]:
    """Return alternative names: host names in any script, IP addresses, e-mail addresses, URIs.

    :raises BadName: naming the one that is wrong
    """
    return [_alternative(text) for text in texts]


def separate(text: str) -> tuple[str, ...]:
    """Return the names in a text, each once: blanks, commas, semicolons and line ends separate them."""
    return tuple(dict.fromkeys(name for name in _SEPARATORS.split(text) if name))


def _part(piece: str) -> x509.RelativeDistinguishedName:
    if not _TYPE.match(piece):
        raise BadName(Wrong.NO_TYPE, piece)
    written = _TYPE.sub(lambda found: f"{found[1]}{_oid(found[2], piece)}=", piece)
    try:
        return x509.Name.from_rfc4514_string(written).rdns[0]
    except (ValueError, IndexError):
        country = written.startswith(f"{_COUNTRY}=") and len(written) != len(_COUNTRY) + 1 + _LETTERS
        raise BadName(Wrong.COUNTRY if country else Wrong.VALUE, piece) from None


def _oid(name: str, piece: str) -> str:
    if name[0].isdigit():
        return name
    if not (oid := oid_named(name)):
        raise BadName(Wrong.UNKNOWN_TYPE, piece)
    return oid


def _alternative(text: str) -> x509.GeneralName:
    try:
        if "://" in text:
            return x509.UniformResourceIdentifier(_ascii(text))
        if "@" in text:
            return x509.RFC822Name(_ascii(text))
        return x509.IPAddress(ipaddress.ip_address(text.strip("[]")))
    except BadName:
        raise
    except ValueError:
        return x509.DNSName(_host(text))


def _ascii(text: str) -> str:
    if not text.isascii():
        raise BadName(Wrong.SCRIPT, text)
    return text


def _host(text: str) -> str:
    """Return a host name in the form that certificates have: lower case, other scripts in their ASCII form (RFC 5890)."""
    wildcard, bare = ("*.", text[2:]) if text.startswith("*.") else ("", text)
    try:
        name = bare.lower() if bare.isascii() else idna.encode(bare, uts46=True).decode()
    except idna.IDNAError:
        raise BadName(Wrong.ALTERNATIVE, text) from None
    if not is_host_name(name := f"{wildcard}{name}".removesuffix(".")) or name.replace(".", "").isdecimal():
        raise BadName(Wrong.ALTERNATIVE, text)
    return name
