"""Who signs in and out, and who fails to: told by Django's signals, and by :mod:`portal.guesses`, whatever page it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.http import HttpRequest
from django.utils import timezone

from portal.activity.floods import record_bounded
from portal.activity.people import Account
from portal.activity.writing import record
from portal.addresses import caller
from portal.models import Event, FailedGuess, GuessKind


@dataclass(frozen=True, slots=True)
class _Tried:
    """What was guessed at. Names that nobody bears are not kept: people type passwords into the wrong field."""

    pk: str
    name: str


def listen() -> None:
    """Write a line when somebody has signed in or out. Called once, when the app starts."""
    user_logged_in.connect(_signed_in, dispatch_uid="portal.activity.signed_in")
    user_logged_out.connect(_signed_out, dispatch_uid="portal.activity.signed_out")


def note_failure(guess: FailedGuess) -> None:
    """Write that a guess at a password, a second factor or a token was wrong; a flood of them is summed up."""
    event = Event.SIGN_IN_FAILED if guess.kind == GuessKind.SIGN_IN else Event.TOKEN_FAILED
    record_bounded(event, _tried(guess), source=guess.address, by=None, at=guess.at, address=guess.address)


def note_closed(guess: FailedGuess, *, of_account: bool, minutes: int) -> None:
    """Write that too many failures, of which *guess* was the last, have closed its account or its address for *minutes*."""
    closed = _tried(guess) if of_account else _Tried("", guess.address)
    record_bounded(
        Event.SIGN_IN_CLOSED, closed, source=guess.address, by=None, at=guess.at, address=guess.address, account=of_account, minutes=minutes
    )


def _tried(guess: FailedGuess) -> _Tried:
    if guess.person:
        return _Tried(str(guess.person.pk), guess.person.get_username())
    return _Tried("", "")


def _signed_in(*, request: HttpRequest | None, user: User, **_signal: Any) -> None:
    record(Event.SIGN_IN_SUCCEEDED, Account.of(user), by=user, at=timezone.now(), address=_address(request))


def _signed_out(*, request: HttpRequest | None, user: User | None, **_signal: Any) -> None:
    if user is not None:  # somebody whose session had ended already is nobody
        record(Event.SIGN_IN_ENDED, Account.of(user), by=user, at=timezone.now(), address=_address(request))


def _address(request: HttpRequest | None) -> str:
    return caller(request) if request else ""
