"""Which APIs and certificates somebody should look at, as conditions for lists: the database answers, nothing is read here."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Min, Q
from django.utils import timezone

from apis.models import Api
from gateway.counts import ApiCount, Span
from gateway.models import Gateway, Refusal
from gateway.status import SILENT
from portal.models import Activity

_LATELY = timedelta(hours=1)


def failing_apis() -> Q:
    """Return the condition for APIs whose calls of the last hour have failed at the back end, or that a gateway refuses."""
    lately = ApiCount.objects.filter(span=Span.MINUTE, at__gte=timezone.now() - _LATELY)
    failed = lately.filter(Q(no_answer__gt=0) | Q(refused_certificate__gt=0) | Q(server_error__gt=0))
    return Q(pk__in=failed.values("api")) | Q(pk__in=Refusal.objects.filter(api__isnull=False).values("api"))


def failing_entries() -> Q:
    """Return the condition for certificates that back ends have refused in the last hour, or a gateway refuses."""
    lately = ApiCount.objects.filter(span=Span.MINUTE, at__gte=timezone.now() - _LATELY, refused_certificate__gt=0)
    refused = Q(pk__in=lately.values("api")) | Q(pk__in=Refusal.objects.filter(api__isnull=False).values("api"))
    return Q(pk__in=Api.objects.filter(refused, certificate__isnull=False).values("certificate"))


def apis_behind() -> Q:
    """Return the condition for APIs of which a connected gateway has not applied the newest change."""
    connected = [gateway.pk for gateway in Gateway.objects.with_presence() if gateway.is_connected]
    applied = Gateway.objects.filter(pk__in=connected).aggregate(least=Min("applied_change"))["least"]
    if applied is None:
        return Q(pk__in=())
    lines = Activity.objects.filter(id__gt=applied, kind__in=("api", "certificate")).exclude(event__in=SILENT)
    changed = lines.order_by().values_list("kind", "subject_id").distinct()
    ids: dict[str, list[int]] = {"api": [], "certificate": []}
    for kind, subject in changed:
        ids[kind].append(int(subject))
    return Q(pk__in=ids["api"]) | Q(certificate__in=ids["certificate"])
