"""The sessions of a person: which there are, and ending them. The one place that knows how sessions are kept."""

from __future__ import annotations

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.utils import timezone


def sessions_of(person: User) -> list[Session]:
    """Return the sessions in which *person* is signed in, the one that ends last first."""
    current = Session.objects.filter(expire_date__gt=timezone.now()).order_by("-expire_date")
    return [session for session in current if session.get_decoded().get(SESSION_KEY) == str(person.pk)]


def end_sessions(person: User) -> int:
    """Sign *person* out everywhere; return of how many sessions."""
    found = sessions_of(person)
    Session.objects.filter(pk__in=[session.pk for session in found]).delete()
    return len(found)
