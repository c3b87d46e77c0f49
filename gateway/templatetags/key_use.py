"""What pages of APIs and subscriptions say about who calls with which key."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import template
from django.db.models import Q
from django.utils import timezone

from apis.calls import MOST_COUNTED_KEYS
from apis.models import Api, Subscription, SubscriptionState
from gateway.counts import KeyCount
from gateway.seeing.key_use import used_last, uses_of

register = template.Library()

_MOST = 20  # rows
_KEYS_EACH = 2


@register.inclusion_tag("gateways/_key_use.html", takes_context=True)
def callers_of(context: template.Context, api: Api) -> dict[str, Any]:
    """Render who has called *api* with which key."""
    opening = Subscription.objects.filter(Q(api=api) | Q(api=None), state=SubscriptionState.ACTIVE)
    return {
        "of": "api",
        "api": api,
        "perms": context["perms"],
        "uses": uses_of(KeyCount.objects.filter(api=api), most=_MOST, now=timezone.now()),
        "counting": api.count_by_subscription and api.subscription_required,
        "too_many": MOST_COUNTED_KEYS if opening.count() * _KEYS_EACH > MOST_COUNTED_KEYS else None,
    }


@register.inclusion_tag("gateways/_key_use.html", takes_context=True)
def use_of(context: template.Context, subscription: Subscription) -> dict[str, Any]:
    """Render which APIs were called with which key of *subscription*."""
    opened = Api.objects.filter(subscription_required=True, **({"pk": subscription.api_id} if subscription.api_id else {}))
    return {
        "of": "subscription",
        "api": subscription.api,
        "perms": context["perms"],
        "uses": uses_of(KeyCount.objects.filter(subscription=subscription), most=_MOST, now=timezone.now()),
        "counting": opened.filter(count_by_subscription=True).exists(),
        "partly": opened.filter(count_by_subscription=False).exists(),
    }


@register.simple_tag
def last_use(subscriptions: Iterable[Subscription]) -> dict[int, datetime]:
    """Return when each of *subscriptions* whose calls are counted was used last, by id."""
    return used_last([subscription.pk for subscription in subscriptions])
