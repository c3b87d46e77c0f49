"""What machines are told of entries: when they end, when they were switched, which sources fail."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count
from prometheus_client.metrics_core import Metric

from certificates.models import Certificate
from certificates.sources.models import Source
from portal.metrics.families import gauge
from portal.metrics.measured import MOST

_ENTRY = ("kind", "name")


def measure() -> Iterator[Metric]:
    """Yield the families."""
    entries = gauge("portal_certificates", "Entries, by kind.", "kind")
    for kind, number in Certificate.objects.order_by("kind").values_list("kind").annotate(number=Count("pk")):
        entries.add_metric((kind,), number)
    yield entries
    yield from _versions()
    failing = gauge("portal_source_failing_since_seconds", "Since when a source brings nothing, Unix time.", *_ENTRY)
    for kind, name, since in Source.objects.filter(failing_since__isnull=False).values_list(
        "certificate__kind", "certificate__name", "failing_since"
    )[:MOST]:
        if since:
            failing.add_metric((kind, name), since.timestamp())
    yield failing


def _versions() -> Iterator[Metric]:
    ends = gauge("portal_certificate_not_after_seconds", "When the current version of an entry ends, Unix time.", "kind", "name", "version")
    switched = gauge("portal_certificate_current_since_seconds", "When an entry was switched last, Unix time.", *_ENTRY)
    current = Certificate.objects.filter(current__isnull=False).order_by("pk")
    for kind, name, number, not_after, since in current.values_list(
        "kind", "name", "current__number", "current__not_after", "current__current_since"
    )[:MOST]:
        ends.add_metric((kind, name, str(number)), not_after.timestamp())
        if since:
            switched.add_metric((kind, name), since.timestamp())
    yield ends
    yield switched
