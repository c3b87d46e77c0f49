"""What is seen of a version of a certificate that is on probation, from the counts of calls and the failed calls."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet, Sum

from apis.models import Api
from apis.policy.failure import OF_THE_CLIENT_CERTIFICATE
from certificates.rollout.models import Probation
from certificates.rollout.refusals import Seen
from certificates.rollout.rise import Calls
from gateway.counts import OUTCOMES, Span, VersionCount
from gateway.models import FailedCall, FailureKind

_BEFORE = timedelta(days=1)  # what is compared with
_LONGEST = 300


def seen_in(probation: Probation) -> list[Seen]:
    """Return the calls with the version since its probation began, by API, and those with the one before in the day until then."""
    since = Span.MINUTE.begin(probation.began_at)
    now = _calls(VersionCount.objects.filter(version=probation.version_id, span=Span.MINUTE, at__gte=since))
    if not now:
        return []
    earlier = VersionCount.objects.filter(version=probation.before_id, span=Span.HOUR, api__in=now)
    before = _calls(earlier.filter(at__gte=Span.HOUR.begin(probation.began_at - _BEFORE)))
    apis = Api.objects.filter(pk__in=now).values_list("pk", "name", "display_name")
    return [
        Seen(
            api=name,
            display_name=display_name,
            now=now[pk],
            before=before.get(pk, Calls()),
            said=_said(pk, probation.version_id, probation) if now[pk].refused else "",
        )
        for pk, name, display_name in apis
    ]


def _calls(counts: QuerySet[VersionCount]) -> dict[int, Calls]:
    """Return how many calls of each API came to its back end, and how many of them were refused."""
    sums: dict[str, Any] = {name: Sum(name) for name in OUTCOMES}
    rows: Iterable[Any] = counts.order_by().values("api").annotate(**sums)
    return {row["api"]: Calls(sum(row[name] for name in OUTCOMES), max(row["refused_certificate"], 0)) for row in rows}


def _said(api: int, version: UUID, probation: Probation) -> str:
    """Return the library's or the failure's words for the last refusal."""
    calls = FailedCall.objects.filter(api=api, presented=version, kind__in=OF_THE_CLIENT_CERTIFICATE, at__gte=probation.began_at)
    last = calls.order_by("-at").first()
    return (last.transport_failure or str(FailureKind(last.kind).label))[:_LONGEST] if last else ""
