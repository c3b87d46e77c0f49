"""Which certificate of a file is the leaf, which path leads up from it, and why the others are left aside. [pure]"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from certificates import ber
from certificates.facts import Facts
from certificates.pfx.model import Aside, Problem, Reason, UnreadablePfx
from certificates.x509 import Certificate
from certificates.x509.loading import hindrance, hindrance_as_leaf
from certificates.x509.signatures import issued

_EC, _PSS = "1.2.840.10045.2.1", "1.2.840.113549.1.1.10"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A certificate of a file, read."""

    certificate: Certificate
    facts: Facts

    @property
    def der(self) -> bytes:
        """The certificate's octets."""
        return self.certificate.der

    def is_valid(self, now: datetime) -> bool:
        """Tell whether it is valid at *now*."""
        return self.facts.not_before <= now <= self.facts.not_after


@dataclass(frozen=True, slots=True)
class Path:
    """What is presented, and what is not."""

    leaf: bytes
    above: tuple[bytes, ...]
    aside: tuple[Aside, ...]


def path_of(key: PublicKeyTypes, ders: Sequence[bytes], *, now: datetime) -> Path:
    """Return the path of the certificates *ders* that belongs to the public *key*.

    Of several certificates of the key the one valid at *now* is the leaf, of several valid ones the one that became valid last: a renewal
    under the same key. Of several issuers the one valid at *now* is in the path, of several valid ones the one that expires last.

    :raises UnreadablePfx: if no certificate belongs to the key, or the one that does cannot be presented
    """
    readable, broken = _read(ders)
    own = _own(key, readable)
    if not own:
        raise UnreadablePfx(Problem.BROKEN_CERTIFICATE if broken else Problem.NO_CERTIFICATE)
    leaf = max(own, key=lambda one: (hindrance_as_leaf(one.certificate) is None, one.is_valid(now), one.facts.not_before))
    _refuse_unusable(leaf)
    rest = [one for one in readable if one not in own]
    above, rivals = _climb(leaf, rest, now)
    aside = [
        *((one, _reason(one, now, Reason.SAME_KEY)) for one in own if one is not leaf),
        *((one, _reason(one, now, Reason.SAME_ISSUER)) for one in rivals),
        *(
            (one, Reason.NOT_LOADED if hindrance(one.certificate) else Reason.NO_LINK)
            for one in rest
            if one not in above and one not in rivals
        ),
    ]
    in_order = sorted(aside, key=lambda pair: readable.index(pair[0]))
    return Path(leaf.der, tuple(one.der for one in above), tuple(_aside(*pair) for pair in in_order))


def public_key_of(certificate: Certificate) -> bytes | None:
    """Return the certificate's public key in one form, ``None`` for one of an unknown kind."""
    try:
        return _encoded(load_der_public_key(certificate.public_key.octets))
    except (ValueError, UnsupportedAlgorithm):
        return None


def _read(ders: Sequence[bytes]) -> tuple[list[Candidate], bool]:
    """Return the certificates that can be read, and whether there are others."""
    readable = []
    for der in dict.fromkeys(ders):  # some exports list one identity twice
        try:
            readable.append(Candidate(Certificate.of(der), Facts.of(der)))
        except ValueError:
            continue
    return readable, len(readable) < len(set(ders))


def _own(key: PublicKeyTypes, readable: list[Candidate]) -> list[Candidate]:
    public = _encoded(key)
    return [one for one in readable if public_key_of(one.certificate) == public]


def _climb(leaf: Candidate, rest: list[Candidate], now: datetime) -> tuple[list[Candidate], list[Candidate]]:
    """Return the certificates above *leaf*, issuer by issuer, and the issuers that others were preferred to."""
    path: list[Candidate] = []
    rivals: list[Candidate] = []
    below = leaf

    def best(one: Candidate) -> tuple[bool, datetime]:
        return one.is_valid(now), one.facts.not_after

    while not (below.facts.is_self_issued and issued(below.certificate, below.certificate)):
        free = [one for one in rest if one not in path and one not in rivals and not hindrance(one.certificate)]
        issuers = [one for one in free if issued(one.certificate, below.certificate)]
        if not issuers:
            break
        below = max(issuers, key=best)
        path.append(below)
        rivals.extend(one for one in issuers if one is not below)
    return path, rivals


def _reason(one: Candidate, now: datetime, otherwise: Reason) -> Reason:
    of_key = otherwise is Reason.SAME_KEY
    if one.facts.not_after < now:
        return Reason.SAME_KEY_EXPIRED if of_key else Reason.SAME_ISSUER_EXPIRED
    if one.facts.not_before > now:
        return Reason.SAME_KEY_NOT_YET_VALID if of_key else Reason.SAME_ISSUER_NOT_YET_VALID
    return otherwise


def _aside(one: Candidate, reason: Reason) -> Aside:
    facts = one.facts
    return Aside(name=facts.shown_name, thumbprint=facts.thumbprint, not_before=facts.not_before, not_after=facts.not_after, reason=reason)


def _refuse_unusable(leaf: Candidate) -> None:
    """Refuse a certificate that the gateway does not load, or whose key it writes for PSS only or as a curve by its parameters."""
    if reason := hindrance_as_leaf(leaf.certificate):
        raise UnreadablePfx(Problem.UNUSABLE_CERTIFICATE, f"{reason.value} {leaf.certificate.version}")
    kind, *parameters = ber.children(ber.first(ber.children(leaf.certificate.public_key)))
    if ber.oid(kind) == _PSS:
        raise UnreadablePfx(Problem.UNUSABLE_KEY, "RSASSA-PSS")
    if ber.oid(kind) == _EC and not ber.first(parameters).is_a(ber.OID):
        raise UnreadablePfx(Problem.UNUSABLE_KEY, f"{leaf.facts.key_type}, explicit parameters")


def _encoded(public_key: PublicKeyTypes) -> bytes:
    return public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
