"""An entry's certificate and the one that shall follow it, side by side; and what of the difference deserves a warning. [pure]"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from certificates.facts import Facts
from certificates.judgement import Doubt, Purpose, doubts_of

# How much work breaking a key is, in bits (NIST SP 800-57 part 1, table 2).
_RSA_STRENGTHS = ((15360, 256), (7680, 192), (3072, 128), (2048, 112), (1024, 80))
_STRENGTHS = {"P-256": 128, "P-384": 192, "P-521": 256, "Ed25519": 128, "Ed448": 224}


class FieldName(enum.StrEnum):
    """What is compared; :mod:`certificates.rollout.words` calls each by its name."""

    COMMON_NAME = "common-name"
    THUMBPRINT = "thumbprint"
    SUBJECT = "subject"
    ISSUER = "issuer"
    NAMES = "names"
    PURPOSES = "purposes"
    KEY_USAGE = "key-usage"
    KEY = "key"
    SIGNATURE = "signature"
    CHAIN = "chain"
    NOT_BEFORE = "not-before"
    NOT_AFTER = "not-after"


class CautionKind(enum.StrEnum):
    """What of the difference may break calls."""

    OTHER_SUBJECT = "other-subject"
    OTHER_ISSUER = "other-issuer"
    NAMES_LOST = "names-lost"
    EXPIRES_EARLIER = "expires-earlier"
    WEAKER_KEY = "weaker-key"
    PURPOSE_LOST = "purpose-lost"
    SHORTER_CHAIN = "shorter-chain"


# A renewal often comes from another authority of the same house, with another chain; the rest nobody means by chance.
_LIGHT = {CautionKind.OTHER_ISSUER, CautionKind.SHORTER_CHAIN}


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a value, and whether the other side lacks it."""

    text: str
    differs: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One field of both."""

    name: FieldName
    old: tuple[Part, ...]
    new: tuple[Part, ...]

    @property
    def differs(self) -> bool:
        """Whether they are not the same."""
        return [part.text for part in self.old] != [part.text for part in self.new]


@dataclass(frozen=True, slots=True)
class Caution:
    """One reason to think twice, and about what."""

    kind: CautionKind
    old: str = ""
    new: str = ""

    @property
    def is_grave(self) -> bool:
        """Whether a person has to say that it is meant."""
        return self.kind not in _LIGHT


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Both side by side.

    :ivar cautions: what of the difference may break calls
    :ivar doubts: why the new one may be refused, whatever the old one was
    :ivar fresh: those of the doubts that the old one does not have
    :ivar days_won: by how many days the new one lasts longer; negative: shorter
    """

    rows: tuple[Row, ...]
    cautions: tuple[Caution, ...]
    doubts: tuple[Doubt, ...]
    fresh: tuple[Doubt, ...]
    days_won: int

    @property
    def differing(self) -> int:
        """How many fields differ."""
        return sum(row.differs for row in self.rows)

    @property
    def has_to_be_confirmed(self) -> bool:
        """Whether a person has to say that what is warned of is meant."""
        return bool(self.fresh) or any(caution.is_grave for caution in self.cautions)


def compare(old: Sequence[Facts], new: Sequence[Facts], purpose: Purpose, *, now: datetime) -> Comparison:
    """Set two certificates side by side.

    :param old: what is presented now: the certificate itself, then those above it, as they are sent
    :param new: what shall be
    """
    had = {doubt.kind for doubt in doubts_of(old, purpose, now=now)}
    doubts = doubts_of(new, purpose, now=now)
    return Comparison(
        rows=tuple(_row(name, values(old), values(new)) for name, values in _VALUES.items()),
        cautions=tuple(_cautions(old, new)),
        doubts=doubts,
        fresh=tuple(doubt for doubt in doubts if doubt.kind not in had),
        days_won=_days_won(old[0], new[0]),
    )


def _days_won(before: Facts, after: Facts) -> int:
    """Return how many whole days *after* lasts longer; two that were made on one day differ by none."""
    return int((after.not_after - before.not_after) / timedelta(days=1))


def _row(name: FieldName, old: Sequence[str], new: Sequence[str]) -> Row:
    return Row(name, tuple(Part(one, one not in new) for one in old), tuple(Part(one, one not in old) for one in new))


def _names(leaf: Facts) -> list[str]:
    return [str(name) for name in leaf.alternative_names]


def _cautions(old: Sequence[Facts], new: Sequence[Facts]) -> Iterator[Caution]:
    before, after = old[0], new[0]
    if before.subject != after.subject:
        yield Caution(CautionKind.OTHER_SUBJECT, before.subject, after.subject)
    if before.issuer != after.issuer and not (before.is_self_issued and after.is_self_issued):
        yield Caution(CautionKind.OTHER_ISSUER, before.issuer, after.issuer)
    kept = {name.lower() for name in _names(after)}
    if lost := [name for name in _names(before) if name.lower() not in kept]:
        yield Caution(CautionKind.NAMES_LOST, ", ".join(lost))
    if (won := _days_won(before, after)) < 0:
        yield Caution(CautionKind.EXPIRES_EARLIER, str(-won))
    if _strength(after.key_type) < _strength(before.key_type):
        yield Caution(CautionKind.WEAKER_KEY, before.key_type, after.key_type)
    if after.purposes is not None and (missing := [one for one in before.purposes or () if one not in after.purposes]):
        yield Caution(CautionKind.PURPOSE_LOST, ", ".join(missing))
    if len(new) < len(old):
        yield Caution(CautionKind.SHORTER_CHAIN, str(len(old) - 1), str(len(new) - 1))


def _strength(key_type: str) -> int:
    """Return how strong a key is; what is not known counts as strong as any."""
    if size := re.fullmatch(r"RSA (\d+)", key_type):
        return next((bits for least, bits in _RSA_STRENGTHS if int(size[1]) >= least), 0)
    return _STRENGTHS.get(key_type, 256)


_VALUES: dict[FieldName, Callable[[Sequence[Facts]], Sequence[str]]] = {
    FieldName.COMMON_NAME: lambda path: [path[0].common_name] if path[0].common_name else [],
    FieldName.THUMBPRINT: lambda path: [path[0].thumbprint],
    FieldName.SUBJECT: lambda path: path[0].subject.split(", "),
    FieldName.ISSUER: lambda path: path[0].issuer.split(", "),
    FieldName.NAMES: lambda path: _names(path[0]),
    FieldName.PURPOSES: lambda path: path[0].purposes or (),
    FieldName.KEY_USAGE: lambda path: path[0].key_usage or (),
    FieldName.KEY: lambda path: [path[0].key_type],
    FieldName.SIGNATURE: lambda path: [str(path[0].signature_algorithm)],
    FieldName.CHAIN: lambda path: [above.shown_name for above in path[1:]],
    FieldName.NOT_BEFORE: lambda path: [path[0].not_before.isoformat()],
    FieldName.NOT_AFTER: lambda path: [path[0].not_after.isoformat()],
}
