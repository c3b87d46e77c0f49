"""What goes with APIs that are deleted, for whoever has to confirm it."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from apis.models import Api, Operation, Subscription, SubscriptionKey


def price_of(apis: QuerySet[Api]) -> dict[str, Any]:
    """Return what ``apis/_price.html`` shows: the APIs, and how many rows go with them."""
    ids = apis.order_by().values("pk")
    return {
        "all_apis": apis,
        "operations": Operation.objects.filter(api__in=ids).count(),
        "subscriptions": Subscription.objects.filter(api__in=ids).count(),
        "keys": SubscriptionKey.objects.filter(subscription__api__in=ids).count(),
    }
