"""What APIs present now beside what they shall present, one comparison for each certificate that they come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count
from django.utils import timezone
from django.utils.functional import Promise

from apis.models import Credentials
from apis.moving.models import Move
from certificates import doubts
from certificates.judgement import Purpose, doubts_of
from certificates.models import ClientCertificate, Kind
from certificates.rollout.comparison import Comparison, Row, compare
from certificates.rollout.views import sum_of, tried_table
from certificates.rollout.words import LABELS, caution_sentence

_SHOWN = 20  # certificates that APIs come from; the others are counted


@dataclass(frozen=True, slots=True, kw_only=True)
class From:
    """A certificate that some of the APIs present now."""

    certificate: ClientCertificate
    apis: int
    comparison: Comparison
    rows: list[tuple[Promise, Row]]
    warnings: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """All of a move.

    :ivar more: how many certificates that APIs come from are not compared
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
    uses = dict(apis.filter(certificate__isnull=False).values_list("certificate").annotate(number=Count("pk")))
    entries = ClientCertificate.objects.filter(pk__in=uses).select_related("current").order_by("name")[:_SHOWN]
    doubted = doubts_of(move.path, Purpose.CLIENT, now=timezone.now())
    sources = [_from(entry, move, uses[entry.pk]) for entry in entries]
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


def _from(entry: ClientCertificate, move: Move, apis: int) -> From:
    assert entry.current is not None  # noqa: S101 - an entry is made with its first version
    comparison = compare(entry.current.path, move.path, Purpose.CLIENT, now=timezone.now())
    return From(
        certificate=entry,
        apis=apis,
        comparison=comparison,
        rows=[(LABELS[row.name], row) for row in comparison.rows],
        warnings=[caution_sentence(caution, Kind.CLIENT) for caution in comparison.cautions],
    )


def table_of(move: Move) -> dict[str, Any]:
    """Return the table of tries, and what they sum up to."""
    found = list(move.tries.all())
    return {**tried_table(found), "sum": sum_of(found)}
