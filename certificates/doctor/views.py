"""Security → Certificate doctor: every entry, judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from certificates import doubts
from certificates.doctor.diagnosing import diagnose_some
from certificates.doctor.states import State, counts, with_state
from certificates.facts import Facts
from certificates.judgement import DoubtKind, Ending, Purpose, breaks_at_renewal, doubts_of, ending_of
from certificates.kinds import PAGES, Pages, seen_by
from certificates.models import Certificate, CertificateVersion, Kind, holding_words
from portal.http import PortalRequest, wants_fragment
from portal.listing import Column, listing

_COLUMNS = (
    Column(key="state", label=gettext_lazy("Judgement"), field="state"),
    Column(key="name", label=gettext_lazy("Name"), field="name"),
    Column(key="expires", label=gettext_lazy("Expires"), field="current__not_after"),
)
# Which column of the table each doubt belongs to.
_OF = {
    DoubtKind.WRONG_PURPOSE: "purposes",
    DoubtKind.NO_SIGNATURES: "key",
    DoubtKind.WEAK_SIGNATURE: "signature",
    DoubtKind.ISSUER_EXPIRED: "chain",
    DoubtKind.ISSUER_WEAK: "chain",
    DoubtKind.EXPIRED: "days",
    DoubtKind.NOT_YET_VALID: "days",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One entry, as the page shows it.

    :ivar facts: ``None``: what the database holds of it cannot be read
    :ivar wrong: what is doubted, by the table's columns
    :ivar ending: why its next renewal breaks; ``None``: it will not
    """

    pages: Pages
    entry: Certificate
    state: State
    facts: Facts | None
    above: tuple[Facts, ...]
    wrong: frozenset[str]
    sentences: tuple[str, ...]
    ending: Ending | None
    ending_sentence: str


@require_safe
def index(request: PortalRequest) -> HttpResponse:
    """List the entries by how they stand; ``q`` searches, ``state`` and ``kind`` choose, ``sort`` and ``page`` as in the address."""
    kinds = seen_by(request.user)
    if not kinds:
        raise PermissionDenied
    now = timezone.now()
    diagnose_some(now=now)
    entries = with_state(Certificate.objects.filter(kind__in=kinds, current__isnull=False), now=now)
    numbers = counts(entries)
    state = next((one for one in State if one.slug == request.GET.get("state")), None)
    chosen = entries.filter(state=state) if state else entries
    shown = listing(request, chosen, _COLUMNS, search=holding_words)
    context = {
        "listing": shown,
        "page": shown.page,
        "judged": list(_judged(shown.page.object_list, now=now)),
        "state": state,
        "states": [(one, numbers.get(one, 0)) for one in State if one is not State.UNKNOWN],
        "all": sum(numbers.values()),
        "waiting": numbers.get(State.UNKNOWN, 0),
        "fragment": wants_fragment(request),
    }
    return render(request, f"certificates/doctor/{'_list' if wants_fragment(request) else 'index'}.html", context)


def _judged(entries: Iterable[Certificate], *, now: datetime) -> Iterator[Judged]:
    """Judge what a page shows, from the certificates themselves."""
    rows = list(entries)
    versions = CertificateVersion.objects.filter(pk__in=[row.current_id for row in rows]).only("certificate", "kind", "der", "chain")
    current = {version.certificate_id: version for version in versions}
    for row in rows:
        if version := current.get(row.pk):
            try:
                path = version.path
            except ValueError:  # damaged in the database; the others are shown all the same
                yield _unreadable(row)
            else:
                yield _judge(row, path, now=now)


def _unreadable(entry: Certificate) -> Judged:
    return Judged(
        pages=PAGES[Kind(entry.kind)],
        entry=entry,
        state=State(entry.state),  # type: ignore[attr-defined]  # annotated
        facts=None,
        above=(),
        wrong=frozenset(),
        sentences=(_("What the database holds of it cannot be read. Replace it, or put the database back from a backup."),),
        ending=None,
        ending_sentence="",
    )


def _judge(entry: Certificate, path: list[Facts], *, now: datetime) -> Judged:
    kind, purpose = Kind(entry.kind), Purpose(entry.kind)
    leaf, *above = path
    found = doubts_of(path, purpose, now=now)
    ending = ending_of(path, purpose)
    if ending and not breaks_at_renewal(ending, leaf.not_after):
        ending = None
    return Judged(
        pages=PAGES[kind],
        entry=entry,
        state=State(entry.state),  # type: ignore[attr-defined]  # annotated
        facts=leaf,
        above=tuple(above),
        wrong=frozenset(_OF.get(doubt.kind, "other") for doubt in found) | ({"authority"} if ending else set()),
        sentences=tuple(doubts.sentence(doubt, purpose) for doubt in found),
        ending=ending,
        ending_sentence=doubts.ending_sentence(ending, leaf.not_after, now=now) if ending else "",
    )
