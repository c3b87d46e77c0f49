"""The subscription keys that open something: all together, and by shard; only what a change names is read again."""

from __future__ import annotations

import itertools
import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator

from django.db.models import QuerySet

from apis.models import Subscription, SubscriptionState
from certificates.sealing import SealingError
from gateway.compile import (
    KEYS_FILTER,
    SHARDS,
    KeyCredential,
    Resource,
    compile_key_check,
    compile_key_shard,
    opens,
    shard_name,
    shard_of,
)
from gateway.compile.resource import FILTER
from gateway.streams.stream import Key

log = logging.getLogger(__name__)

_CHUNK = 500


def rows() -> QuerySet[Subscription]:
    """Return all subscriptions with their keys."""
    return Subscription.objects.prefetch_related("keys").order_by("pk")


class Keys:
    """What is known of subscriptions and their keys."""

    def __init__(self) -> None:
        """Begin without any."""
        self._shards: dict[str, dict[int, list[KeyCredential]]] = {shard: {} for shard in SHARDS}  # by subscription within
        self._shards_of: dict[int, frozenset[str]] = {}  # by subscription
        self._number = 0  # of keys; counted on the way, because a change must not cost the more, the more there are
        self._api_of: dict[int, int | None] = {}  # what each subscription opens; ``None``: all APIs
        self._subscriptions_of: defaultdict[int, set[int]] = defaultdict(set)  # by API
        self._of_all: set[int] = set()  # subscriptions

    def load(self) -> None:
        """Read all keys."""
        for subscription in rows().iterator(chunk_size=_CHUNK):
            self._put(subscription)

    def all(self) -> list[Resource]:
        """Return everything that keys are checked by, compiled; empty shards, too: a gateway waits for each."""
        return self.compile(SHARDS)

    def compile(self, shards: Collection[str]) -> list[Resource]:
        """Return what keys of these *shards* are checked by, compiled: the shards and, if there are any, the key check."""
        if not shards:
            return []
        everywhere = (credential for by_subscription in self._shards.values() for credential in _flat(by_subscription))
        compiled = [compile_key_shard(shard, _flat(self._shards[shard])) for shard in sorted(shards)]
        return [*compiled, compile_key_check(self._number, everywhere)]

    def of_api(self, api: int) -> frozenset[int]:
        """Return the subscriptions that open this API only."""
        return frozenset(self._subscriptions_of.get(api, ()))

    def opening(self, api: int) -> list[KeyCredential]:
        """Return the keys that open this API, those of all APIs as well."""
        subscriptions = sorted(self._subscriptions_of.get(api, set()) | self._of_all)
        return [key for one in subscriptions for shard in sorted(self._shards_of.get(one, ())) for key in self._shards[shard].get(one, ())]

    def opened_by(self, subscriptions: Collection[int], apis: Collection[int]) -> frozenset[int]:
        """Return those of *apis* that known *subscriptions* are for."""
        opened = {self._api_of[one] for one in subscriptions if one in self._api_of}
        return frozenset(api for api in apis if None in opened or api in opened)

    def replace(self, subscriptions: Collection[int], rows: Iterable[Subscription]) -> dict[int, frozenset[str]]:
        """Forget what was known of *subscriptions* and take over *rows*; return for each the shards its keys were in or are in now."""
        before = {pk: self._shards_of.get(pk, frozenset()) for pk in subscriptions}
        for pk in subscriptions:
            self._drop(pk)
        for subscription in rows:
            self._put(subscription)
        return {pk: shards | self._shards_of.get(pk, frozenset()) for pk, shards in before.items()}

    def _put(self, subscription: Subscription) -> None:
        self._api_of[subscription.pk] = subscription.api_id
        self._siblings(subscription.api_id).add(subscription.pk)
        if subscription.state != SubscriptionState.ACTIVE:
            return
        credentials = list(_credentials(subscription))
        for credential in credentials:
            self._shards[shard_of(credential.key.value.decode())].setdefault(subscription.pk, []).append(credential)
        self._number += len(credentials)
        self._shards_of[subscription.pk] = frozenset(shard_of(credential.key.value.decode()) for credential in credentials)

    def _drop(self, subscription: int) -> None:
        for shard in self._shards_of.pop(subscription, ()):
            self._number -= len(self._shards[shard].pop(subscription))
        if subscription in self._api_of:
            self._siblings(self._api_of.pop(subscription)).discard(subscription)

    def _siblings(self, api: int | None) -> set[int]:
        """Return the subscriptions of *api* alone, or of all APIs."""
        return self._of_all if api is None else self._subscriptions_of[api]


def resources_of(shards: Collection[str]) -> frozenset[Key]:
    """Return the resources that :meth:`Keys.compile` makes for these *shards*."""
    names = (*map(shard_name, shards), KEYS_FILTER) if shards else ()
    return frozenset((FILTER, name) for name in names)


def _flat(by_subscription: dict[int, list[KeyCredential]]) -> Iterator[KeyCredential]:
    return itertools.chain.from_iterable(by_subscription.values())


def _credentials(subscription: Subscription) -> Iterable[KeyCredential]:
    """Give the keys of *subscription*; one that does not open is left out, so that it opens nothing."""
    for key in subscription.keys.all():
        try:
            secret = key.unseal()
        except SealingError as error:
            log.warning("The %s key of the subscription %s opens nothing: %s", key.kind, subscription.name, error)
            continue
        yield KeyCredential(key=secret, opens=opens(subscription.api_id), subscription=subscription.pk, kind=key.kind)
