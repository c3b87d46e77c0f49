"""Every change to people: one function per change; rows and activity lines in one transaction."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime

from django.contrib.auth.models import Group, User
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from portal.activity import record
from portal.activity.people import Account
from portal.administrators import changing_administrators
from portal.models import Event, Invitation
from portal.people.standing import Standing
from portal.roles import Role
from portal.signin.models import SignedIn
from portal.signin.sessions import end_sessions

_NOBODY_YET = 0  # in place of an account's id


class Oneself(Exception):
    """Nobody deletes their own account: somebody has to see that it is done."""


def account_of(invitation: Invitation) -> Account:
    """Return the subject of lines about a link: the person it is for, who may have no account yet."""
    return Account.of(invitation.person) if invitation.person else Account(_NOBODY_YET, invitation.username)


@contextlib.contextmanager
def changing(person: User, *, by: User | None, now: datetime) -> Iterator[None]:
    """Hold a transaction in which *person* is changed, in whatever way, and tell the log what has changed.

    :raises LastAdministrator: if nobody could administer the portal any more; nothing is changed then
    :raises User.DoesNotExist: if the person was deleted meanwhile
    """
    with changing_administrators():
        before = Standing.of(person)
        yield
        note(person, before, by=by, now=now)


def note(person: User, before: Standing, *, by: User | None, now: datetime) -> None:
    """Tell the log how *person* differs from *before*; whose rights have changed is signed out everywhere.

    It belongs into the transaction of the change, within :func:`changing_administrators`.
    """
    for event, details in Standing.of(person).changes_since(before):
        record(event, Account.of(person), by=by, at=now, **details)
    settle(person, before, by=by, now=now)


def settle(person: User, before: Standing, *, by: User | None, now: datetime) -> None:
    """Draw from how *person* differs from *before* what follows: sessions end, and links open nothing any more."""
    after = Standing.of(person)
    if not after.may_as_much_as(before):
        end_sessions(person)
        _withdraw_all(person=person, by=by, now=now)  # who made a link for a Viewer need not be one who may for a superuser
    if before.manages_people and not after.manages_people:
        _withdraw_all(invited_by=person, by=by, now=now)


def note_added(person: User, *, by: User | None, now: datetime) -> None:
    """Tell the log that *person* was added without an invitation, and in which role."""
    record(Event.PERSON_ADDED, Account.of(person), by=by, at=now, role=Standing.of(person).role)


def set_role(person: User, role: Role, *, by: User | None, now: datetime) -> None:
    """Give *person* one role in place of those they have; a superuser who is to be less than an Administrator is none any more.

    :raises LastAdministrator: if nobody could administer the portal any more
    """
    with changing(person, by=by, now=now):
        person.groups.set([Group.objects.get(name=role)])
        if role != Role.ADMINISTRATOR:
            User.objects.filter(pk=person.pk).update(is_superuser=False, is_staff=False)


def deactivate(person: User, *, by: User | None, now: datetime) -> None:
    """Keep *person* out: sessions end, and access tokens that act for them open nothing meanwhile.

    :raises LastAdministrator: if nobody could administer the portal any more
    """
    with changing(person, by=by, now=now):
        User.objects.filter(pk=person.pk).update(is_active=False)


def activate(person: User, *, by: User | None, now: datetime) -> None:
    """Let *person* sign in again, in the role they had."""
    with changing(person, by=by, now=now):
        User.objects.filter(pk=person.pk).update(is_active=True)


def change_profile(person: User, *, name: str, email: str, by: User, now: datetime) -> None:
    """Change what *person* is called, in full, and where mails to them go."""
    with changing(person, by=by, now=now):
        User.objects.filter(pk=person.pk).update(first_name=name, last_name="", email=email)


def sign_out_everywhere(person: User, *, by: User, now: datetime) -> int:
    """End all sessions of *person*; return how many there were."""
    with transaction.atomic():
        ended = end_sessions(person)
        record(Event.SESSIONS_ENDED, Account.of(person), by=by, at=now, sessions=ended)
    return ended


@transaction.atomic
def end_session(session: SignedIn, *, by: User, now: datetime) -> None:
    """End one session."""
    record(Event.SIGN_IN_ENDED, Account.of(session.user), by=by, at=now, address=session.address)
    session.session.delete()


def delete(person: User, *, by: User | None, now: datetime) -> None:
    """Delete *person* with their tokens and preferences. What they did stays told under their name.

    :raises Oneself: if it is whoever asks
    :raises LastAdministrator: if nobody could administer the portal any more
    """
    if person == by:
        raise Oneself
    with changing_administrators():
        record(Event.PERSON_DELETED, Account.of(person), by=by, at=now, role=Standing.of(person).role)
        end_sessions(person)
        _withdraw_all(invited_by=person, by=by, now=now)
        person.delete()


@sensitive_variables("password")
def restore_administrator(person: User, password: str, *, now: datetime) -> None:
    """Make *person* an active Administrator with a new password, for a portal that nobody can administer."""
    with changing(person, by=None, now=now):
        person.is_active = True
        person.set_password(password)
        person.save(update_fields=["is_active", "password"])
        person.groups.set([Group.objects.get(name=Role.ADMINISTRATOR)])


def _withdraw_all(*, by: User | None, now: datetime, **whose: User) -> None:
    for invitation in Invitation.objects.filter(**whose).select_related("person"):
        record(Event.INVITATION_WITHDRAWN, account_of(invitation), by=by, at=now)
        invitation.delete()
