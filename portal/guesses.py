"""Guesses at secrets (passwords, access tokens, second factors), counted by account and by address while they are being checked.

An address is closed after :data:`LIMIT` failures within :data:`WINDOW`. So is an account, but only to addresses that have failed at it: its
owner gets in from elsewhere. What is tried meanwhile is neither looked at nor counted, so that it prolongs nothing.
"""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.views.decorators.debug import sensitive_variables

from portal.activity.sign_ins import note_closed, note_failure
from portal.addresses import caller
from portal.models import FailedGuess, GuessKind
from portal.turns import Busy

LIMIT = 10
WINDOW = timedelta(minutes=15)
_LOCK = 0x67756573736573  # PostgreSQL's advisory lock: two are not counted at once
# Closed to every address: a right token is known before, and whoever guesses codes knows the password already.
_CLOSED_TO_ALL = frozenset({GuessKind.TOKEN, GuessKind.CODE})
_NETWORK_OF_ONE = 64  # of IPv6 everybody has as many addresses


class TooManyGuesses(Exception):
    """Account or address are closed.

    :ivar seconds: until they are open again
    """

    def __init__(self, seconds: int) -> None:
        """Hold when to come again."""
        super().__init__(f"Too many failures. Try again in {seconds} seconds.")
        self.seconds = seconds


@dataclass(slots=True)
class Guess:
    """One that is being checked.

    :ivar beyond: whether so many at this account have failed, from wherever, that it closes to addresses that have failed at it
    """

    right: bool = False
    beyond: bool = False


@contextlib.contextmanager
def counted(kind: GuessKind, account: str, request: HttpRequest | None, *, now: datetime | None = None) -> Iterator[Guess]:
    """Count a guess at *account* as a failure while it is being checked, and forgive it once it is said to be ``right``.

    A right one forgives the failures of this account from this address, and no others.

    :raises TooManyGuesses: without counting it
    """
    row = _begin(kind, account, _origin(request), now or timezone.now())
    guess = Guess(beyond=_closing(_of_account(kind, row.account, row.at).exclude(pk=row.pk)) is not None)
    looked_at = True
    try:
        yield guess
    except Busy:
        looked_at = False
        row.delete()
        raise
    finally:
        if guess.right:
            FailedGuess.objects.filter(kind=kind, account=row.account, address=row.address).delete()
        elif looked_at:
            _note(row)


class LimitedBackend(ModelBackend):
    """Passwords of accounts; whoever fails too often waits, whether the account exists or not."""

    @sensitive_variables("password")
    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **other: Any
    ) -> User | None:
        """Return whose name and password these are.

        :raises TooManyGuesses: if account or address are closed
        """
        if username is None or password is None:
            return None
        with counted(GuessKind.SIGN_IN, username, request) as guess:
            found = super().authenticate(request, username, password, **other)
            guess.right = found is not None
        return found


def _begin(kind: GuessKind, account: str, address: str, now: datetime) -> FailedGuess:
    digest = salted_hmac("portal.guesses", account.encode("utf-8", "surrogatepass"), algorithm="sha256").hexdigest()
    _refuse_if_closed(kind, digest, address, now)  # without waiting for anybody's lock
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        _refuse_if_closed(kind, digest, address, now)
        FailedGuess.objects.filter(at__lte=now - WINDOW).delete()
        person = User.objects.filter(username=account).first() if kind != GuessKind.TOKEN else None
        return FailedGuess.objects.create(kind=kind, account=digest, person=person, address=address, at=now)


def _note(failure: FailedGuess) -> None:
    """Write into the activity log that a guess was wrong, and what it has closed."""
    with transaction.atomic():
        note_failure(failure)
        up_to_it = FailedGuess.objects.filter(kind=failure.kind, at__gt=failure.at - WINDOW, pk__lte=failure.pk)
        ways = {"address": failure.address} | ({"account": failure.account} if failure.kind == GuessKind.SIGN_IN else {})
        for way, value in ways.items():
            if up_to_it.filter(**{way: value}).count() == LIMIT:  # of several at once one closes
                note_closed(failure, of_account=way == "account", minutes=WINDOW // timedelta(minutes=1))


def _refuse_if_closed(kind: GuessKind, account: str, address: str, now: datetime) -> None:
    of_account = _of_account(kind, account, now)
    closing = [_closing(FailedGuess.objects.filter(kind=kind, at__gt=now - WINDOW, address=address))]
    if kind in _CLOSED_TO_ALL or of_account.filter(address=address).exists():
        closing.append(_closing(of_account))
    if since := max((one for one in closing if one), default=None):
        raise TooManyGuesses(-(-(since + WINDOW - now) // timedelta(seconds=1)))


def _of_account(kind: GuessKind, account: str, now: datetime) -> QuerySet[FailedGuess]:
    return FailedGuess.objects.filter(kind=kind, at__gt=now - WINDOW, account=account)


def _closing(failures: QuerySet[FailedGuess]) -> datetime | None:
    """Return the failure after whose end there is another guess, if there are too many. However many they are, few are read."""
    newest = list(failures.order_by("-at").values_list("at", flat=True)[:LIMIT])
    return newest[-1] if len(newest) == LIMIT else None


def _origin(request: HttpRequest | None) -> str:
    """Return the address of the caller; of IPv6 the network that one customer has."""
    text = caller(request) if request else ""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text[:43]
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.ip_network((address, _NETWORK_OF_ONE), strict=False))
    return str(address)
