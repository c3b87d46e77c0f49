"""Writes what has become of changes into the database, in a thread of its own, so that no push ever waits for a database."""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import DatabaseError, DataError, IntegrityError, connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from apis.console.models import note
from apis.models import Api
from certificates.models import CertificateVersion
from gateway import tokens
from gateway.control import counting
from gateway.control.knocks import Knock
from gateway.control.status_queue import Page, Reason, StatusQueue
from gateway.models import CALLS_KEPT, SEEN_EVERY, Delivery, FailedCall, Gateway, Probe, Refusal
from gateway.seeing.failures import complete
from gateway.streams.stream import Key
from gateway.turned_away import ROWS_KEPT, TurnedAway
from portal.clock import shared_now

log = logging.getLogger(__name__)

# The database is there, and it or already its driver takes no such value.
_UNWRITABLE = (DataError, IntegrityError, ValueError, OverflowError)
_GATHER_SECONDS = 0.025  # what happens within this time is written together: that a change was sent, and that it was applied
_RETRY_SECONDS = 1.0
_CHUNK = 500
_PRUNE_EVERY = 1000  # rows written
_DELIVERIES_KEPT = 20_000  # of the newest changes
_AWAITED = timedelta(minutes=2)  # a test call may last half a minute


class StatusWriter:
    """The thread that writes."""

    def __init__(self, statuses: StatusQueue, apis_of: Callable[[Key], Collection[int]]) -> None:
        """Take the queue to write from.

        :param apis_of: tells which APIs a resource serves, by id
        """
        self._statuses = statuses
        self._apis_of = apis_of
        self._since_pruning = 0

    def run(self, stop: threading.Event) -> None:
        """Write until *stop*, then write what is left."""
        self._look_at_the_clock()
        seen = time.monotonic()
        while not stop.is_set():
            self._statuses.something.wait(1)
            stop.wait(_GATHER_SECONDS)
            if time.monotonic() - seen >= SEEN_EVERY.total_seconds():
                seen = time.monotonic()
                self._look_at_the_clock()
                self._statuses.see()
            if not self.write():
                stop.wait(_RETRY_SECONDS)
        self._statuses.disconnect_all()
        self.write()
        connection.close()

    def _look_at_the_clock(self) -> None:
        try:
            self._statuses.go_by(shared_now())
        except DatabaseError:  # it is as far away as before
            connection.close()

    def write(self) -> bool:
        """Write what is noted; return whether it worked. What could not be written is kept."""
        page = self._statuses.take()
        if not page:
            return True
        try:
            self._write_what_can_be(page)
        except DatabaseError as error:
            log.warning("The state of the gateways could not be written and is kept for later: %s", error)
            connection.close()
            self._statuses.put_back(page)
            return False
        return True

    def _write_what_can_be(self, page: Page) -> None:
        """Write *page*; if a note in it is none that the database takes, the others alone.

        :raises DatabaseError: if the database is away
        """
        try:
            with transaction.atomic():
                self._write(page)
        except _UNWRITABLE as error:
            log.warning("A note about the gateways cannot be written; the others are written one by one: %s", error)
        else:
            return
        with transaction.atomic():  # all or none: counts are added to what is there, so that nothing may be written twice
            for note in page.split():
                try:
                    with transaction.atomic():
                        self._write(note)
                except _UNWRITABLE as error:
                    log.error("Not written: %s: %s", note, error)  # noqa: TRY400 - the sentence says it all

    def _write(self, page: Page) -> None:
        if page.anew is not None:
            Delivery.objects.all().delete()
            Gateway.objects.filter(Q(name__in=page.anew) | Q(disconnected_at__isnull=False)).update(applied_change=0)
        gateways = _known_gateways(page)
        self._write_deliveries(page, gateways)
        for name, values in page.gateways.items():
            if gateway := gateways.get(name):
                Gateway.objects.filter(pk=gateway).update(**values | ({"seen_at": Now()} if "seen_at" in values else {}))
                if "applied_change" in values:
                    late = Delivery.objects.filter(gateway=gateway, change__lte=values["applied_change"], applied_at=None)
                    late.update(applied_at=values["applied_at"])
        self._write_refusals(page, gateways)
        _write_calls(list(page.calls.values()))
        for (of, _, _), (reading, at) in page.readings.items():
            counting.write(of, reading, at=at)
        for question, seen in page.probes.items():
            Probe.objects.filter(pk=question).update(seen=seen.as_object())
        for call in page.tested.values():
            note(call.trace, api_id=call.api_id, gateway=call.gateway, told=call.told.as_object(), since=timezone.now() - _AWAITED)
        _write_tokens(page, gateways)
        _write_knocks(list(page.knocks.values()))
        self._since_pruning += len(page.deliveries) + len(page.calls) + len(page.readings)
        if self._since_pruning >= _PRUNE_EVERY:
            self._since_pruning = 0
            _prune()

    def _write_deliveries(self, page: Page, gateways: dict[str, int]) -> None:
        fresh, known = [], defaultdict[tuple[Any, ...], list[int]](list)
        for (name, change), values in page.deliveries.items():
            if (gateway := gateways.get(name)) is None:
                continue
            if "sent_at" in values:
                fresh.append(Delivery(gateway_id=gateway, change=change, **values))
            else:
                known[gateway, *sorted(values.items())].append(change)
        Delivery.objects.bulk_create(
            fresh,
            batch_size=_CHUNK,
            update_conflicts=True,
            unique_fields=["gateway", "change"],
            update_fields=["sent_at", "applied_at", "reason"],
        )
        for (gateway, *pairs), changes in known.items():
            for start in range(0, len(changes), _CHUNK):
                Delivery.objects.filter(gateway=gateway, change__in=changes[start : start + _CHUNK]).update(**dict(pairs))

    def _write_refusals(self, page: Page, gateways: dict[str, int]) -> None:
        for name, keys in page.still_refused.items():
            if gateway := gateways.get(name):
                Refusal.objects.filter(gateway=gateway).exclude(resource__in=[_words(key) for key in keys]).delete()
        rows = []
        versions = _versions(page)
        for (name, key), reason in page.refusals.items():
            if gateway := gateways.get(name):
                Refusal.objects.filter(gateway=gateway, resource=_words(key)).delete()
                apis = _existing(self._apis_of(key)) or {None}
                presents = reason.presents if reason and reason.presents in versions else None
                rows += _refusals(reason, apis, gateway_id=gateway, resource=_words(key), presents_id=presents)
        Refusal.objects.filter(gateway=None, api__in=page.problems).delete()
        existing = _existing(page.problems)
        for api, reason in page.problems.items():
            rows += _refusals(reason, existing & {api})
        Refusal.objects.bulk_create(rows, batch_size=_CHUNK)


def _known_gateways(page: Page) -> dict[str, int]:
    """Return the ids of the gateways that *page* mentions, by name; who has connected and is new gets a row."""
    names = {*page.gateways, *page.still_refused, *page.tokens, *(name for name, _ in (*page.deliveries, *page.refusals))}
    known = dict(Gateway.objects.filter(name__in=names).values_list("name", "pk"))
    for name in names - known.keys():
        if "connected_at" in page.gateways.get(name, {}):
            known[name] = Gateway.objects.get_or_create(name=name)[0].pk
    return known


def _words(key: Key) -> str:
    """Return a resource as people read it: ``Cluster/api-7``."""
    type_url, name = key
    return f"{type_url.rpartition('.')[2]}/{name}"[:200]


def _versions(page: Page) -> set[UUID]:
    """Return which of the certificate versions that *page* mentions exist."""
    mentioned = {reason.presents for reason in page.refusals.values() if reason and reason.presents}
    return set(CertificateVersion.objects.filter(pk__in=mentioned).values_list("pk", flat=True)) if mentioned else set()


def _existing(apis: Iterable[int]) -> set[int | None]:
    return set(Api.objects.filter(pk__in=list(apis)).values_list("pk", flat=True))


def _refusals(reason: Reason | None, apis: Iterable[int | None], **where: Any) -> list[Refusal]:
    return [Refusal(api_id=api, reason=reason.text, since=reason.since, **where) for api in apis] if reason else []


def _write_calls(calls: Collection[FailedCall]) -> None:
    if calls:
        complete(calls)
        FailedCall.objects.bulk_create(calls, batch_size=_CHUNK, ignore_conflicts=True)


def _write_tokens(page: Page, gateways: dict[str, int]) -> None:
    for name, (states, at) in page.tokens.items():
        if gateway := gateways.get(name):
            tokens.write(gateway, states, at=at)


def _write_knocks(knocks: Collection[Knock]) -> None:
    if knocks:
        rows = [TurnedAway(fingerprint=knock.fingerprint, name=knock.name, address=knock.address, last_at=knock.at) for knock in knocks]
        again = ["name", "address", "last_at"]
        TurnedAway.objects.bulk_create(rows, update_conflicts=True, unique_fields=["fingerprint"], update_fields=again)
        newest = list(TurnedAway.objects.values_list("pk", flat=True)[:ROWS_KEPT])
        TurnedAway.objects.exclude(pk__in=newest).delete()


def _prune() -> None:
    """Keep the newest deliveries, failed calls and counts."""
    newest = Delivery.objects.order_by("-change").values_list("change", flat=True).first() or 0
    Delivery.objects.filter(change__lt=newest - _DELIVERIES_KEPT).delete()
    if oldest := FailedCall.objects.order_by("-pk").values_list("pk", flat=True)[CALLS_KEPT : CALLS_KEPT + 1].first():
        FailedCall.objects.filter(pk__lte=oldest).delete()
    counting.trim(now=timezone.now())
