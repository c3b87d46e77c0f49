"""What APIs present now beside what they shall present, one comparison for each certificate that they come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, UUIDField
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.functional import Promise

from apis.models import Credentials
from apis.moving.models import Move
from certificates import doubts
from certificates.judgement import Purpose, doubts_of
from certificates.models import CertificateVersion, Kind
from certificates.rollout.comparison import Comparison, Row, compare
from certificates.rollout.views import tries_in_words
from certificates.rollout.words import LABELS, caution_sentence

_SHOWN = 20  # certificates that APIs come from; the others are counted


@dataclass(frozen=True, slots=True, kw_only=True)
class From:
    """A version of a certificate that some of the APIs present now."""

    version: CertificateVersion
    apis: int
    comparison: Comparison
    rows: list[tuple[Promise, Row]]
    warnings: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """All of a move.

    :ivar more: how many versions that APIs come from are not compared
    :ivar bare: how many APIs present none now
    :ivar forgotten: how many forget a password
    :ivar doubts: why back ends may refuse the certificate, whatever was presented before
    """

    sources: list[From]
    more: int
    bare: int
    forgotten: int
    doubts: list[str]
    has_to_be_confirmed: bool


def of(move: Move) -> Compared:
    """Compare. Another subject or issuer is what a move is for; what has to be confirmed is a certificate that is doubted."""
    apis = move.apis().order_by()
    presented = Coalesce("stays_with", "certificate__current", output_field=UUIDField())
    uses = dict(apis.filter(certificate__isnull=False).values_list(presented).annotate(number=Count("pk")))
    versions = CertificateVersion.objects.filter(pk__in=uses).select_related("certificate").order_by("certificate__name", "number")
    doubted = doubts_of(move.path, Purpose.CLIENT, now=timezone.now())
    sources = [_from(version, move, uses[version.pk]) for version in versions[:_SHOWN]]
    fresh = any(source.comparison.fresh for source in sources)
    bare = apis.filter(certificate__isnull=True)
    return Compared(
        sources=sources,
        more=len(uses) - len(sources),
        bare=bare.count(),
        forgotten=bare.filter(credentials=Credentials.BASIC).count(),
        doubts=[doubts.sentence(doubt, Purpose.CLIENT) for doubt in doubted],
        has_to_be_confirmed=fresh or bool(doubted and (not sources or len(uses) > len(sources) or bare.exists())),
    )


def _from(version: CertificateVersion, move: Move, apis: int) -> From:
    comparison = compare(version.path, move.path, Purpose.CLIENT, now=timezone.now())
    return From(
        version=version,
        apis=apis,
        comparison=comparison,
        rows=[(LABELS[row.name], row) for row in comparison.rows],
        warnings=[caution_sentence(caution, Kind.CLIENT) for caution in comparison.cautions],
    )


def table_of(move: Move) -> dict[str, Any]:
    """Return the table of tries, and what they sum up to."""
    return tries_in_words(move.tries.all())
