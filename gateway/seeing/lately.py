"""How many calls APIs have had in the last hour."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Sum
from django.utils import timezone

from gateway.counts import ApiCount, Span
from gateway.seeing.figures import CALLS

_LATELY = timedelta(hours=1)


def calls_of_the_last_hour() -> dict[str, int]:
    """Return their number by the name of the API, without those that had none."""
    rows = ApiCount.objects.filter(span=Span.MINUTE, at__gte=timezone.now() - _LATELY).order_by().values("api__name")
    return dict(rows.annotate(calls=Sum(CALLS)).filter(calls__gt=0).values_list("api__name", "calls"))
