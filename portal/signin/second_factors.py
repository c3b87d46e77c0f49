"""Second factors: who has one, whose role demands one, and taking them away. What they are is django-allauth's (``allauth.mfa``)."""

from __future__ import annotations

from datetime import datetime
from importlib import import_module
from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.signals import post_delete

from portal.activity import differences, record
from portal.activity.people import Account
from portal.models import Event
from portal.roles import ADMINISTRATORS
from portal.signin.models import SecondFactorDemand
from portal.signin.sessions import end_sessions

_SEALED = ("secret", "seed")  # what an authenticator holds sealed, under these names


def factors_of(user: User) -> QuerySet[Any]:
    """Return what *user* can prove who they are with, besides the password; recovery codes are no factor of their own."""
    own: QuerySet[Any] = Authenticator.objects.filter(user=user)
    return own.exclude(type=Authenticator.Type.RECOVERY_CODES).order_by("created_at", "pk")


def has_second_factor(user: User) -> bool:
    """Return whether signing in asks *user* for more than the password."""
    return factors_of(user).exists()


def is_demanded_of(user: User) -> bool:
    """Return whether a role of *user* has to have a second factor; a superuser is an Administrator."""
    demands = SecondFactorDemand.objects.filter(role__in=user.groups.all())
    if user.is_superuser:
        demands |= SecondFactorDemand.objects.filter(role__name=ADMINISTRATORS)
    return demands.exists()


def demanding_roles() -> set[str]:
    """Return the roles that have to have a second factor."""
    return set(SecondFactorDemand.objects.values_list("role__name", flat=True))


@transaction.atomic
def demand(roles: set[str], *, by: User | None, now: datetime) -> None:
    """Let exactly *roles* have to have a second factor."""
    before = demanding_roles()
    if roles == before:
        return
    SecondFactorDemand.objects.exclude(role__name__in=roles).delete()
    SecondFactorDemand.objects.bulk_create(
        [SecondFactorDemand(role=role) for role in Group.objects.filter(name__in=roles)], ignore_conflicts=True
    )
    named = ", ".join(sorted(roles)) or "–"
    changes = differences({"roles": sorted(before)}, {"roles": sorted(roles)})
    record(Event.SECOND_FACTOR_DEMANDED, Account("", named), by=by, at=now, changes=changes, roles=sorted(roles))


@transaction.atomic
def reset_second_factor(user: User, *, by: User | None, now: datetime) -> None:
    """Take every second factor and the recovery codes of *user* away, for somebody who has lost them, and end their sessions."""
    Authenticator.objects.filter(user=user).delete()
    end_sessions(user)
    record(Event.SECOND_FACTOR_RESET, Account.of(user), by=by, at=now)


def sealed_texts() -> Any:
    """Return what seals secrets, a room above this one: it keeps a text for a ticket, reads it, and forgets it."""
    return import_module(settings.SEALED_TEXTS)


def listen() -> None:
    """Forget the sealed secret of an authenticator that is deleted, by whatever way."""
    post_delete.connect(_forget_secrets, sender=Authenticator, dispatch_uid="portal.signin.forget")


def _forget_secrets(instance: Authenticator, **_signal: Any) -> None:
    for name in _SEALED:
        if ticket := instance.data.get(name):
            sealed_texts().forget(ticket)
