"""Which APIs and certificates somebody should look at, as conditions for lists: the database answers, nothing is read here."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import BigIntegerField, Q, QuerySet
from django.db.models.functions import Cast
from django.utils import timezone

from apis.models import Api
from gateway.models import Gateway, Refusal
from gateway.seeing.failing import failing
from gateway.status import SILENT
from portal.models import Activity


def failing_apis(*, among: Collection[int] | None = None) -> Q:
    """Return the condition for APIs whose calls fail, or that a gateway refuses; it is quicker *among* few."""
    return failing(timezone.now(), among=among) | _refused()


def failing_entries() -> Q:
    """Return the condition for certificates that back ends refuse, or a gateway."""
    refused = failing(timezone.now(), Q(refused_certificate__gt=0)) | _refused()
    return Q(pk__in=Api.objects.filter(refused, certificate__isnull=False).values("certificate"))


def _refused() -> Q:
    return Q(pk__in=Refusal.objects.filter(api__isnull=False).values("api"))


def apis_behind() -> Q:
    """Return the condition for APIs of which a connected gateway has not applied the newest change."""
    applied = least_applied(Gateway.objects.with_presence())
    return Q(pk__in=()) if applied is None else apis_changed_since(applied)


def apis_changed_since(change: int) -> Q:
    """Return the condition for APIs that have been changed after *change*, or whose certificate has."""
    return Q(pk__in=changed_since(change, "api")) | Q(certificate__in=changed_since(change, "certificate"))


def changed_since(change: int, kind: str) -> QuerySet[Any]:
    """Return the ids of what lines of *kind* after *change* have changed for gateways."""
    lines = Activity.objects.filter(id__gt=change, kind=kind).exclude(event__in=SILENT).order_by()
    return lines.annotate(of=Cast("subject_id", BigIntegerField())).values("of")


def least_applied(gateways: Iterable[Gateway]) -> int | None:
    """Return the last change that all of *gateways* that are connected have applied; ``None``: none is."""
    return min((gateway.applied_change for gateway in gateways if gateway.is_connected), default=None)
