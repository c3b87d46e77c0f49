"""What is seen of a version of a certificate that is on probation, from the counts of calls and the failed calls."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet, Sum

from apis.models import Api
from apis.policy.failure import OF_THE_CLIENT_CERTIFICATE
from certificates.rollout.models import Probation
from certificates.rollout.refusals import Seen
from certificates.rollout.rise import Calls
from gateway.counts import OUTCOMES, Span, VersionCount
from gateway.models import FailedCall

_BEFORE = timedelta(days=1)  # what is compared with
_LONGEST = 300


def seen_in(probation: Probation) -> list[Seen]:
    """Return the calls with the version since its probation began, by API, and those with the one before in the day until then."""
    now = _calls(_since(probation))
    if not now:
        return []
    earlier = VersionCount.objects.filter(version=probation.before_id, span=Span.HOUR, api__in=now)
    before = _calls(earlier.filter(at__gte=Span.HOUR.begin(probation.began_at - _BEFORE)))
    apis = Api.objects.filter(pk__in=now).values_list("pk", "name", "display_name")
    return [
        Seen(api=name, display_name=display_name, now=now[pk], before=before.get(pk, Calls()), **_said(pk, probation, now[pk]))
        for pk, name, display_name in apis
    ]


def _since(probation: Probation) -> QuerySet[VersionCount]:
    """Return the counts of its time. Of a version that comes again within the minute of its end, that minute tells of the time before."""
    minute = Span.MINUTE.begin(probation.began_at)
    counts = VersionCount.objects.filter(version=probation.version_id, span=Span.MINUTE, at__gte=minute)
    earlier = Probation.objects.filter(version=probation.version_id, began_at__lt=probation.began_at, ended_at__gte=minute)
    return counts.exclude(first_at__lt=probation.began_at) if earlier.exists() else counts


def _calls(counts: QuerySet[VersionCount]) -> dict[int, Calls]:
    """Return how many calls of each API came to its back end, and how many of them were refused."""
    sums: dict[str, Any] = {name: Sum(name) for name in OUTCOMES}
    rows: Iterable[Any] = counts.order_by().values("api").annotate(**sums)
    return {row["api"]: Calls(sum(row[name] for name in OUTCOMES), max(row["refused_certificate"], 0)) for row in rows}


def _said(api: int, probation: Probation, calls: Calls) -> dict[str, str]:
    """Return of which kind the last refusal was, and the library's words for it."""
    if not calls.refused:
        return {}
    refused = FailedCall.objects.filter(api=api, presented=probation.version_id, kind__in=OF_THE_CLIENT_CERTIFICATE)
    last = refused.filter(at__gte=probation.began_at).order_by("-at").first()
    return {"kind": last.kind, "said": last.transport_failure[:_LONGEST]} if last else {}
