"""Why back ends may refuse a certificate that the gateway presents: what TLS servers check of a client. [pure]"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from certificates.facts import Facts

_FOR_CLIENTS = "clientAuth"  # OpenSSL, which most servers use, does not take anyExtendedKeyUsage for it
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


class DoubtKind(enum.StrEnum):
    """Why a back end may refuse; :mod:`certificates.doubts` holds a sentence for each."""

    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    NOT_FOR_CLIENTS = "not-for-clients"
    NO_SIGNATURES = "no-signatures"
    WEAK_SIGNATURE = "weak-signature"
    UNKNOWN_EXTENSION = "unknown-extension"
    DATE_WITH_OFFSET = "date-with-offset"
    ISSUER_EXPIRED = "issuer-expired"
    ISSUER_WEAK = "issuer-weak"


@dataclass(frozen=True, slots=True)
class Doubt:
    """One reason for a back end to refuse the certificate."""

    kind: DoubtKind
    detail: str = ""  # the algorithm, or the name of the authority


def doubts_of(path: Sequence[Facts], *, now: datetime) -> tuple[Doubt, ...]:
    """Return why back ends may refuse the certificate at *now*, the surest reason first.

    :param path: the certificate itself, then those that are sent along
    """
    leaf, *above = path
    return (*_of_leaf(leaf, now), *_of_form(path), *_of_signatures(path), *_of_issuers(above, now))


def without_issuer(path: Sequence[Facts]) -> Facts | None:
    """Return the topmost certificate of *path* if its issuer is not there, ``None`` if the path ends in an authority that issued itself."""
    return None if path[-1].is_self_issued else path[-1]


def _of_leaf(leaf: Facts, now: datetime) -> Iterator[Doubt]:
    if leaf.not_after < now:
        yield Doubt(DoubtKind.EXPIRED)
    if leaf.not_before > now:
        yield Doubt(DoubtKind.NOT_YET_VALID)
    if leaf.purposes is not None and _FOR_CLIENTS not in leaf.purposes:
        yield Doubt(DoubtKind.NOT_FOR_CLIENTS)
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
