"""Who calls with which key, as far as APIs count their calls by subscription: when last, and how it has ended in 24 hours."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max, QuerySet, Sum

from apis.models import Api, KeyKind, Subscription
from gateway.counts import OUTCOMES, KeyCount, Span

_KEY = ("subscription", "api", "kind")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUse:
    """The calls with one key of one API.

    :ivar last: when the last of them was counted, to some seconds
    :ivar sums: how those of the last 24 hours have ended, to the hour; without what there was none of
    """

    subscription: Subscription
    api: Api
    kind: KeyKind
    last: datetime
    sums: dict[str, int]

    @property
    def calls(self) -> int:
        """How many calls there were in the last 24 hours."""
        return sum(self.sums.values())


def uses_of(rows: QuerySet[KeyCount], *, most: int, now: datetime) -> list[KeyUse]:
    """Return the keys by which *rows* were counted, those that were used last first, and no more than *most*."""
    lasts = rows.filter(span=Span.DAY).order_by().values(*_KEY).annotate(last=Max("last_at")).order_by("-last", *_KEY)[:most]
    found = {_key(row): row["last"] for row in lasts}
    sums = _sums_of_a_day(rows, found, now=now)
    subscriptions = Subscription.objects.in_bulk({subscription for subscription, _, _ in found})
    apis = Api.objects.only("name", "display_name").in_bulk({api for _, api, _ in found})
    return [
        KeyUse(
            subscription=subscriptions[key[0]],
            api=apis[key[1]],
            kind=KeyKind(key[2]),
            last=last,
            sums={name: number for name, number in sums.get(key, {}).items() if number > 0},
        )
        for key, last in found.items()
        if key[0] in subscriptions and key[1] in apis
    ]


def used_last(subscriptions: Collection[int]) -> dict[int, datetime]:
    """Return when each of these *subscriptions* whose calls were ever counted was used last."""
    rows = KeyCount.objects.filter(subscription__in=subscriptions, span=Span.DAY).order_by()
    return dict(rows.values("subscription").annotate(last=Max("last_at")).values_list("subscription", "last"))


def _sums_of_a_day(rows: QuerySet[KeyCount], keys: Collection[Any], *, now: datetime) -> dict[Any, dict[str, int]]:
    first = Span.HOUR.begin(now) - timedelta(hours=23)
    of_keys = rows.filter(
        span=Span.HOUR, at__gte=first, subscription__in={subscription for subscription, _, _ in keys}, api__in={api for _, api, _ in keys}
    )
    sums = of_keys.order_by().values(*_KEY).annotate(**{f"sum_{name}": Sum(name) for name in OUTCOMES})
    return {_key(row): {name: row[f"sum_{name}"] for name in OUTCOMES} for row in sums}


def _key(row: dict[str, Any]) -> tuple[int, int, str]:
    return row["subscription"], row["api"], row["kind"]
