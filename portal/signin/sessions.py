"""The sessions of a person: which there are, when they were last used, and ending them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from portal.addresses import caller
from portal.signin.browsers import browser_of
from portal.signin.confirming import note_confirmation
from portal.signin.models import SignedIn
from portal.signin.proving import take_proved_at
from portal.signin.store import ADDRESS, BROWSER, SEEN_AT, SINCE, digest_of


def sessions_of(user: User) -> QuerySet[SignedIn]:
    """Return the sessions of *user* that go on, the one that was used last first."""
    return SignedIn.objects.filter(user=user, session__expire_date__gt=timezone.now())


def end_sessions(user: User) -> int:
    """End every session of *user*, and return how many there were.

    Whoever changes their own password stays where they are: Django gives the session that the request holds a new key after that.
    """
    _all, ended = Session.objects.filter(pk__in=list(SignedIn.objects.filter(user=user).values_list("session", flat=True))).delete()
    return ended.get(Session._meta.label, 0)


def is_current(session: SignedIn, request: HttpRequest) -> bool:
    """Return whether *request* came with this session."""
    return session.session_id == digest_of(request.session.session_key or "")


def note_use(request: HttpRequest) -> None:
    """Keep that the session was used just now, and from where; at most once in ``SESSION_NOTED_EVERY``: reading hardly writes.

    :raises UpdateError: if it was ended meanwhile
    """
    now = timezone.now().timestamp()
    if now - request.session.get(SEEN_AT, 0) >= settings.SESSION_NOTED_EVERY.total_seconds():
        _tell(request, now)
        request.session.save()
        request.session.modified = False


def listen() -> None:
    """Have each sign-in begin the story of its session."""
    user_logged_in.connect(_begin, dispatch_uid="portal.signin.begin")


def _begin(request: HttpRequest | None, **_signal: Any) -> None:
    if request is None:
        return
    request.session[SINCE] = timezone.now().timestamp()
    note_confirmation(request, at=take_proved_at(request))
    _tell(request, request.session[SINCE])


def _tell(request: HttpRequest, now: float) -> None:
    request.session[SEEN_AT] = now
    request.session[ADDRESS] = caller(request)[:45]
    request.session[BROWSER] = browser_of(request.headers.get("User-Agent", ""))
