"""What an entry trusts and what it shall trust, side by side; and what of the difference may break calls. [pure]"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from certificates.authorities.bundle import Bundle
from certificates.facts import Facts
from certificates.x509 import Certificate


class Fate(enum.StrEnum):
    """What becomes of a certificate."""

    STAYS = "stays"
    COMES = "comes"
    GOES = "goes"


class CautionKind(enum.StrEnum):
    """What of the difference may break calls."""

    NO_LONGER_TRUSTED = "no-longer-trusted"
    OTHER_KEY = "other-key"
    NOT_YET_VALID = "not-yet-valid"
    ENDS_EARLIER = "ends-earlier"


@dataclass(frozen=True, slots=True)
class Caution:
    """One reason to think twice, and about what."""

    kind: CautionKind
    subject: str = ""

    @property
    def is_grave(self) -> bool:
        """Whether a person has to say that it is meant."""
        return self.kind is not CautionKind.ENDS_EARLIER


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Both side by side: each certificate once, and what becomes of it."""

    rows: tuple[tuple[Fate, Facts], ...]
    cautions: tuple[Caution, ...]

    @property
    def has_to_be_confirmed(self) -> bool:
        """Whether a person has to say that what is warned of is meant."""
        return any(caution.is_grave for caution in self.cautions)


def compare(old: Bundle, new: Bundle, *, now: datetime) -> Comparison:
    """Set what is trusted and what shall be side by side."""
    fates = {
        **{der: (Fate.STAYS if der in new.ders else Fate.GOES, facts) for der, facts in zip(old.ders, old.facts, strict=True)},
        **{der: (Fate.STAYS if der in old.ders else Fate.COMES, facts) for der, facts in zip(new.ders, new.facts, strict=True)},
    }
    return Comparison(rows=tuple(fates.values()), cautions=tuple(_cautions(old, new, now)))


def _cautions(old: Bundle, new: Bundle, now: datetime) -> Iterator[Caution]:
    """Yield what may break calls. Whoever keeps name and key of an authority keeps trusting what it has signed (RFC 5280, 6.1.1 d)."""
    keys = {(facts.subject, _key_of(der)) for der, facts in zip(new.ders, new.facts, strict=True)}
    subjects = {facts.subject for facts in new.facts}
    for der, facts in zip(old.ders, old.facts, strict=True):
        if (facts.subject, _key_of(der)) not in keys:
            kind = CautionKind.OTHER_KEY if facts.subject in subjects else CautionKind.NO_LONGER_TRUSTED
            yield Caution(kind, facts.shown_name)
    for facts in new.facts:
        if facts.not_before > now:
            yield Caution(CautionKind.NOT_YET_VALID, facts.shown_name)
    if new.not_after < old.not_after:
        yield Caution(CautionKind.ENDS_EARLIER)


def _key_of(der: bytes) -> bytes:
    return Certificate.of(der).public_key.octets
