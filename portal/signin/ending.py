"""Ends the sessions of whoever loses or changes a role, is deactivated or gets another password, by whatever way that happens.

Signals, because pages, Django admin, commands and company accounts change people, and a forgotten call would leave somebody signed in.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, User
from django.db.models.signals import m2m_changed, post_save, pre_save

from portal.signin.sessions import end_sessions

_STANDING = ("is_active", "is_superuser", "password")


def listen() -> None:
    """Connect."""
    pre_save.connect(_compare, sender=User, dispatch_uid="portal.signin.compare")
    post_save.connect(_saved, sender=User, dispatch_uid="portal.signin.saved")
    m2m_changed.connect(_roles_changed, sender=User.groups.through, dispatch_uid="portal.signin.roles")


def _compare(instance: User, update_fields: frozenset[str] | None, raw: bool, **_signal: Any) -> None:
    """Look what is about to change; who has been active stays signed in where nothing does."""
    concerned = not raw and instance.pk and (update_fields is None or update_fields & set(_STANDING))
    before = User.objects.filter(pk=instance.pk).values(*_STANDING).first() if concerned else None
    instance._standing_changes = bool(before) and before != {name: getattr(instance, name) for name in _STANDING}  # type: ignore[attr-defined]  # noqa: SLF001 - of our own


def _saved(instance: User, **_signal: Any) -> None:
    if getattr(instance, "_standing_changes", False):
        end_sessions(instance)


def _roles_changed(instance: User | Group, action: str, pk_set: set[int] | None, **_signal: Any) -> None:
    if action not in {"post_add", "post_remove", "pre_clear"}:
        return
    if isinstance(instance, User):
        people = [instance]
    else:  # from the side of the role
        people = list(User.objects.filter(pk__in=pk_set) if pk_set is not None else User.objects.filter(groups=instance))
    for person in people:
        end_sessions(person)
