"""Why the other side may refuse a certificate that the gateway shows: what servers check of a client, and clients of a server. [pure]"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from certificates.facts import Facts
from certificates.x509.names import NameKind

_HOSTS = (NameKind.HOST, NameKind.ADDRESS)
_WEAK_DIGESTS = ("MD2", "MD4", "MD5", "SHA-1")
_WEAK_KEY = re.compile(r"RSA (?:[0-9]{1,3}|1[0-9]{3})\Z")  # under 2,000 bits; servers at their usual level take none
# Extensions that servers understand (OpenSSL, X509_supported_extension; RFC 5280, 4.2: one that is critical and unknown is refused).
_UNDERSTOOD = frozenset(
    {
        *(f"2.5.29.{number}" for number in (14, 15, 17, 18, 19, 30, 31, 32, 33, 35, 36, 37, 54)),
        "2.16.840.1.113730.1.1",  # Netscape's certificate type
        "1.3.6.1.5.5.7.1.14",  # proxy certificates, RFC 3820
    }
)


class Purpose(enum.StrEnum):
    """As what the gateway shows it."""

    CLIENT = "client"
    SERVER = "server"


# OpenSSL, which most servers use, does not take anyExtendedKeyUsage for it.
_USES = {Purpose.CLIENT: "clientAuth", Purpose.SERVER: "serverAuth"}


class DoubtKind(enum.StrEnum):
    """Why the other side may refuse; :mod:`certificates.doubts` holds a sentence for each."""

    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    WRONG_PURPOSE = "wrong-purpose"
    NO_NAMES = "no-names"  # of a server; clients look for the host name there alone (RFC 9525, 6.3)
    NO_SIGNATURES = "no-signatures"
    WEAK_SIGNATURE = "weak-signature"
    UNKNOWN_EXTENSION = "unknown-extension"
    DATE_WITH_OFFSET = "date-with-offset"
    ISSUER_EXPIRED = "issuer-expired"
    ISSUER_WEAK = "issuer-weak"


@dataclass(frozen=True, slots=True)
class Doubt:
    """One reason to refuse the certificate."""

    kind: DoubtKind
    detail: str = ""  # the algorithm, or the name of the authority


def doubts_of(path: Sequence[Facts], purpose: Purpose = Purpose.CLIENT, *, now: datetime) -> tuple[Doubt, ...]:
    """Return why the other side may refuse the certificate at *now*, the surest reason first.

    :param path: the certificate itself, then those that are sent along
    """
    leaf, *above = path
    return (*_of_leaf(leaf, purpose, now), *_of_form(path), *_of_signatures(path), *_of_issuers(above, now))


def without_issuer(path: Sequence[Facts]) -> Facts | None:
    """Return the topmost certificate of *path* if its issuer is not there, ``None`` if the path ends in an authority that issued itself."""
    return None if path[-1].is_self_issued else path[-1]


def _of_leaf(leaf: Facts, purpose: Purpose, now: datetime) -> Iterator[Doubt]:
    if leaf.not_after < now:
        yield Doubt(DoubtKind.EXPIRED)
    if leaf.not_before > now:
        yield Doubt(DoubtKind.NOT_YET_VALID)
    if leaf.purposes is not None and _USES[purpose] not in leaf.purposes:
        yield Doubt(DoubtKind.WRONG_PURPOSE)
    if purpose is Purpose.SERVER and not any(name.kind in _HOSTS for name in leaf.alternative_names):
        yield Doubt(DoubtKind.NO_NAMES)
    if leaf.key_usage is not None and "digitalSignature" not in leaf.key_usage:
        yield Doubt(DoubtKind.NO_SIGNATURES)


def _of_form(path: Sequence[Facts]) -> Iterator[Doubt]:
    """Yield what strict servers do not read; each is named once, for the lowest certificate that has it."""
    if unknown := next((oid for facts in path for oid in facts.critical if oid not in _UNDERSTOOD), ""):
        yield Doubt(DoubtKind.UNKNOWN_EXTENSION, unknown)
    if any(facts.dates_have_offsets for facts in path):
        yield Doubt(DoubtKind.DATE_WITH_OFFSET)


def _of_signatures(path: Sequence[Facts]) -> Iterator[Doubt]:
    """Yield weak signatures; that of an authority on itself is looked at by nobody."""
    looked_at = [path[0], *(one for one in path[1:] if not one.is_self_issued)]
    for facts in looked_at:
        if facts.signature_algorithm.digest in _WEAK_DIGESTS:
            yield Doubt(DoubtKind.WEAK_SIGNATURE, str(facts.signature_algorithm))
            return


def _of_issuers(above: Sequence[Facts], now: datetime) -> Iterator[Doubt]:
    for facts in above:
        if not facts.not_before <= now <= facts.not_after:
            yield Doubt(DoubtKind.ISSUER_EXPIRED, facts.shown_name)
        if _WEAK_KEY.match(facts.key_type):
            yield Doubt(DoubtKind.ISSUER_WEAK, f"{facts.shown_name} ({facts.key_type})")
