"""Accounts and addresses that are closed after too many failures, and opening them again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, QuerySet

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


def locks(*, now: datetime, people: Iterable[User] | None = None) -> list[Lock]:
    """Return what is closed, what opens last first.

    :param people: whose accounts are looked at, and nothing else; all accounts and addresses, unless they are given
    """
    failures = FailedGuess.objects.filter(at__gt=now - WINDOW)
    if people is None:
        found = [*_closed(failures, "address"), *_closed(failures, "account")]
    else:
        found = _closed(failures.filter(person__in=people), "account")
    return sorted(found, key=lambda lock: lock.until, reverse=True)


@transaction.atomic
def lift(failure: FailedGuess, *, of_account: bool, by: User, now: datetime) -> str:
    """Forget the failures of the account or the address of *failure*, so that it is open; return its name."""
    same: QuerySet[FailedGuess] = FailedGuess.objects.filter(kind=failure.kind)
    same = same.filter(account=failure.account) if of_account else same.filter(address=failure.address)
    lock = _lock(same, same.count(), of_account=of_account)
    record(Event.SIGN_IN_LOCK_LIFTED, lock, by=by, at=now, address=not of_account)
    same.delete()
    return lock.name


def _closed(failures: QuerySet[FailedGuess], way: str) -> list[Lock]:
    """Return what of this *way* (``address``, ``account``) is closed. The database counts: strangers decide how many failures there are."""
    groups = failures.order_by().values_list("kind", way).annotate(number=Count("pk")).filter(number__gte=LIMIT)
    return [_lock(failures.filter(kind=kind, **{way: value}), number, of_account=way == "account") for kind, value, number in groups]


def _lock(failures: QuerySet[FailedGuess], number: int, *, of_account: bool) -> Lock:
    newest_first = list(failures.select_related("person").order_by("-at", "-pk")[:LIMIT])
    newest = newest_first[0]
    person = newest.person.get_username() if newest.person else ""
    return Lock(
        pk=newest.pk,
        kind=GuessKind(newest.kind),
        of_account=of_account,
        name=person if of_account else newest.address,
        failures=number,
        until=newest_first[-1].at + WINDOW,
    )
