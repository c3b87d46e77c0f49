"""Links that work once: inviting somebody, letting somebody choose a new password, and what happens when the link is followed."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.contrib.auth.models import Group, User
from django.db import IntegrityError, transaction
from django.views.decorators.debug import sensitive_variables

from portal.activity import record
from portal.activity.people import Account
from portal.models import Event, Invitation
from portal.people.actions import account_of, changing
from portal.roles import Role
from portal.signin.sessions import end_sessions

VALID_FOR = timedelta(days=7)
_TOKEN_BYTES = 32


class Taken(Exception):
    """Somebody has the name already, or was invited under it."""


class Spent(Exception):
    """The link was used, withdrawn or replaced meanwhile, or it has expired."""


@dataclass(frozen=True, slots=True)
class Made:
    """A new link: the only moment its secret part can be read."""

    invitation: Invitation
    token: str = field(repr=False)


@sensitive_variables("token", "made")
@transaction.atomic
def invite(*, username: str, email: str, role: Role, by: User | None, now: datetime) -> Made:
    """Invite somebody who has no account.

    :raises Taken: if the name is in use, in whatever case
    """
    Invitation.objects.filter(username__iexact=username, expires_at__lte=now).delete()
    if User.objects.filter(username__iexact=username).exists():
        raise Taken
    made = _make(Invitation(username=username, email=email, role=role.value, invited_by=by), now)
    record(Event.PERSON_INVITED, account_of(made.invitation), by=by, at=now, role=role.value)
    return made


@sensitive_variables("token", "made")
@transaction.atomic
def let_choose_password(person: User, *, by: User, now: datetime) -> Made:
    """Make a link with which *person* chooses a new password; an earlier one is replaced. Until it is used nothing changes.

    An invitation under the name of *person*, who has come another way meanwhile, opens nothing any more and is withdrawn.
    """
    of_that_name = Invitation.objects.filter(username__iexact=person.get_username())
    Invitation.objects.filter(person=person).delete()
    of_that_name.filter(expires_at__lte=now).delete()
    for invitation in of_that_name.all():
        withdraw(invitation, by=by, now=now)
    made = _make(Invitation(username=person.get_username(), email=person.email, person=person, invited_by=by), now)
    record(Event.PASSWORD_LINK_MADE, Account.of(person), by=by, at=now)
    return made


@transaction.atomic
def withdraw(invitation: Invitation, *, by: User, now: datetime) -> None:
    """Let a link open nothing any more; nothing happens if it is gone already."""
    gone, _ = Invitation.objects.filter(pk=invitation.pk).delete()
    if gone:
        record(Event.INVITATION_WITHDRAWN, account_of(invitation), by=by, at=now)


@sensitive_variables("password")
@transaction.atomic
def accept(invitation: Invitation, password: str, *, now: datetime) -> User:
    """Make the account, or give it its new password.

    :raises Spent: if the link works no more; of two who use it at once one succeeds
    """
    mine, _ = Invitation.objects.open(now=now).filter(pk=invitation.pk, digest=invitation.digest).delete()
    if not mine:
        raise Spent
    return _set_password(invitation.person, password, now) if invitation.person else _join(invitation, password, now)


def _make(invitation: Invitation, now: datetime) -> Made:
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    invitation.digest = Invitation.digest_of(token)
    invitation.created_at, invitation.expires_at = now, now + VALID_FOR
    try:
        with transaction.atomic():
            invitation.save()
    except IntegrityError as error:
        raise Taken from error
    return Made(invitation, token)


@sensitive_variables("password")
def _set_password(person: User, password: str, now: datetime) -> User:
    with changing(person, by=person, now=now):
        person.set_password(password)
        person.save(update_fields=["password"])
    end_sessions(person)
    return person


@sensitive_variables("password")
def _join(invitation: Invitation, password: str, now: datetime) -> User:
    try:
        with transaction.atomic():
            person = User.objects.create_user(invitation.username, invitation.email, password)
    except IntegrityError as error:  # added in another way meanwhile
        raise Spent from error
    person.groups.set([Group.objects.get(name=invitation.role)])
    record(Event.PERSON_JOINED, Account.of(person), by=person, at=now, role=invitation.role)
    return person
