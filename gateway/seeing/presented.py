"""The first call with the new version of a switch, and the last with the one before, from the counts of calls."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, F, QuerySet, When

from certificates.rollout.presented import Call, Switch
from gateway.counts import VersionCount
from gateway.seeing.figures import SENT


def calls_of(switch: Switch) -> tuple[Call | None, Call | None]:
    """Return the first call with the version that was switched to, and the last with the one before."""
    return _first(switch), _last(switch)


def _first(switch: Switch) -> Call | None:
    # A span that the switch lies in may have begun with an earlier time of the same version: then its last call is what is known.
    since = Case(When(first_at__gte=switch.at, then=F("first_at")), default=F("last_at"))
    rows = _rows(switch, version=switch.version, last_at__gte=switch.at).annotate(seen=since)
    if switch.until:
        rows = rows.filter(seen__lt=switch.until)
    return _call(rows.order_by("seen", "span"))


def _last(switch: Switch) -> Call | None:
    rows = _rows(switch, version=switch.before) if switch.before else VersionCount.objects.none()
    if switch.until:
        rows = rows.filter(last_at__lt=switch.until)
    return _call(rows.annotate(seen=F("last_at")).order_by("-seen", "span"))


def _rows(switch: Switch, **chosen: Any) -> QuerySet[VersionCount]:
    rows = VersionCount.objects.filter(SENT, **chosen).exclude(api__name__in=switch.staying)
    return rows.filter(api__name=switch.canary) if switch.canary else rows


def _call(rows: QuerySet[Any]) -> Call | None:
    found = rows.values("api__name", "seen").first()
    return Call(api=found["api__name"], at=found["seen"]) if found else None
