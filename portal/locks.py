"""Accounts and addresses that are closed after too many failures, and opening them again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from portal.activity import record
from portal.guesses import LIMIT, WINDOW
from portal.models import Event, FailedGuess, GuessKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """What is closed.

    :ivar pk: what stands for it in forms: the newest of its failures
    :ivar name: the address, or the name of the account; empty for a name that nobody has
    :ivar until: when it opens by itself
    """

    pk: int
    kind: GuessKind
    of_account: bool
    name: str
    failures: int
    until: datetime


def locks(*, now: datetime) -> list[Lock]:
    """Return what is closed, what opens last first."""
    failures = list(FailedGuess.objects.filter(at__gt=now - WINDOW).select_related("person").order_by("-at", "-pk"))
    by_address: dict[tuple[str, str], list[FailedGuess]] = {}
    by_account: dict[tuple[str, str], list[FailedGuess]] = {}
    for one in failures:
        by_address.setdefault((one.kind, one.address), []).append(one)
        by_account.setdefault((one.kind, one.account), []).append(one)
    found = [*_closed(by_address.values(), of_account=False), *_closed(by_account.values(), of_account=True)]
    return sorted(found, key=lambda lock: lock.until, reverse=True)


@transaction.atomic
def lift(failure: FailedGuess, *, of_account: bool, by: User, now: datetime) -> str:
    """Forget the failures of the account or the address of *failure*, so that it is open; return its name."""
    same: QuerySet[FailedGuess] = FailedGuess.objects.filter(kind=failure.kind)
    same = same.filter(account=failure.account) if of_account else same.filter(address=failure.address)
    lock = _lock(list(same.select_related("person").order_by("-at", "-pk")), of_account=of_account)
    record(Event.SIGN_IN_LOCK_LIFTED, lock, by=by, at=now, address=not of_account)
    same.delete()
    return lock.name


def _closed(groups: Iterable[list[FailedGuess]], *, of_account: bool) -> list[Lock]:
    return [_lock(group, of_account=of_account) for group in groups if len(group) >= LIMIT]


def _lock(newest_first: list[FailedGuess], *, of_account: bool) -> Lock:
    newest = newest_first[0]
    person = newest.person.get_username() if newest.person else ""
    return Lock(
        pk=newest.pk,
        kind=GuessKind(newest.kind),
        of_account=of_account,
        name=person if of_account else newest.address,
        failures=len(newest_first),
        until=newest_first[min(LIMIT, len(newest_first)) - 1].at + WINDOW,
    )
