"""Changes to subscriptions and their keys."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from django.db import transaction

from apis.actions import facts
from apis.actions.refusals import KeyTaken
from apis.actions.rows import locked, save
from apis.models import Api, KeyKind, Subscription, SubscriptionKey, SubscriptionState
from certificates.sealing import Secret
from portal.activity import HIDDEN, differences, record
from portal.models import Event

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User


@transaction.atomic
def create_subscription(
    *,
    name: str,
    display_name: str,
    api: Api | None,
    state: SubscriptionState = SubscriptionState.ACTIVE,
    keys: dict[KeyKind, str] | None = None,
    by: User | None,
    now: datetime,
) -> Subscription:
    """Add a subscription to one API, or to all (``api=None``).

    :param keys: keys brought along; a missing one is made
    :raises KeyTaken: if a brought key is in use
    :raises Taken: if another subscription bears the name
    :raises Api.DoesNotExist: if the API is gone
    """
    api = locked(api) if api else None
    subscription = Subscription(name=name, display_name=display_name, api=api, state=state, created_at=now)
    save(subscription, "name")
    for kind in KeyKind:
        _set_key(subscription, kind, (keys or {}).get(kind) or new_subscription_key())
    changes = differences({}, facts.of_subscription(subscription))
    record(Event.SUBSCRIPTION_CREATED, subscription, by=by, at=now, changes=changes, api=api.name if api else None)
    return subscription


@transaction.atomic
def change_subscription(
    subscription: Subscription,
    *,
    display_name: str,
    api: Api | None,
    keys: dict[KeyKind, str] | None = None,
    by: User | None,
    now: datetime,
) -> Subscription:
    """Change a subscription's name, scope and, where brought, its keys.

    :raises KeyTaken: if a brought key is in use
    """
    subscription = _kept(subscription)
    before = facts.of_subscription(subscription)
    subscription.display_name = display_name
    subscription.api = locked(api) if api else None
    subscription.revision += 1
    subscription.save()
    for kind, key in (keys or {}).items():
        _set_key(subscription, kind, key)
    changes = differences(before, facts.of_subscription(subscription), hidden=dict.fromkeys(keys or {}, True))
    record(Event.SUBSCRIPTION_CHANGED, subscription, by=by, at=now, changes=changes, api=api.name if api else None)
    return subscription


@transaction.atomic
def set_subscription_state(subscription: Subscription, state: SubscriptionState, *, by: User | None, now: datetime) -> Subscription:
    """Suspend a subscription (its keys open nothing until it is activated again) or activate it."""
    subscription = _kept(subscription)
    before = facts.of_subscription(subscription)
    subscription.state = state
    subscription.revision += 1
    subscription.save(update_fields=["state", "revision"])
    event = Event.SUBSCRIPTION_SUSPENDED if state == SubscriptionState.SUSPENDED else Event.SUBSCRIPTION_ACTIVATED
    record(event, subscription, by=by, at=now, changes=differences(before, facts.of_subscription(subscription)))
    return subscription


@transaction.atomic
def show_keys(subscription: Subscription, *, by: User | None, now: datetime) -> dict[KeyKind, Secret]:
    """Return both keys and note who has seen them. One that was damaged is left out; the other opens still.

    :raises Subscription.DoesNotExist: if it is gone
    """
    subscription = _kept(subscription)
    keys = {KeyKind(key.kind): secret for key in subscription.keys.all() if (secret := key.opened())}
    record(Event.SUBSCRIPTION_KEY_SHOWN, subscription, by=by, at=now)
    return keys


@transaction.atomic
def regenerate_key(subscription: Subscription, kind: KeyKind, *, by: User | None, now: datetime) -> None:
    """Make a new key; the old one opens nothing from now on."""
    subscription = _kept(subscription)
    _set_key(subscription, kind, new_subscription_key())
    subscription.revision += 1
    subscription.save(update_fields=["revision"])
    record(Event.SUBSCRIPTION_KEY_REGENERATED, subscription, by=by, at=now, changes={kind.value: HIDDEN}, key=kind.value)


@transaction.atomic
def delete_subscription(subscription: Subscription, *, by: User | None, now: datetime) -> None:
    """Delete a subscription; its keys open nothing from now on."""
    subscription = _kept(subscription)
    record(Event.SUBSCRIPTION_DELETED, subscription, by=by, at=now, changes=differences(facts.of_subscription(subscription), {}))
    subscription.delete()


def new_subscription_key() -> str:
    """Return a key: 32 lower-case hex digits, 128 random bits."""
    return secrets.token_hex(16)


def _kept(subscription: Subscription) -> Subscription:
    """Return it as it is now, locked until the transaction ends; two changes of its keys never meet."""
    return Subscription.objects.select_for_update().get(pk=subscription.pk)


def _set_key(subscription: Subscription, kind: KeyKind, key: str) -> None:
    digest = SubscriptionKey.digest_of(key)
    if SubscriptionKey.objects.filter(digest=digest).exclude(subscription=subscription, kind=kind).exists():
        raise KeyTaken
    SubscriptionKey.objects.filter(subscription=subscription, kind=kind).delete()
    fresh = SubscriptionKey(subscription=subscription, kind=kind, digest=digest)
    fresh.seal(Secret(key.encode()))
    fresh.save()
