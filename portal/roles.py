"""The three roles, as Django groups: Viewers read, Publishers change APIs and certificates, Administrators do everything."""

from __future__ import annotations

from typing import Any

from django.apps import apps as installed
from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.db.models import Q, TextChoices
from django.utils.translation import pgettext_lazy

VIEWERS, PUBLISHERS, ADMINISTRATORS = "Viewers", "Publishers", "Administrators"

_OURS = ("portal", "certificates", "rollout", "authorities", "apis", "backends", "moving", "console", "gateway")
_PUBLISHED = ("certificates", "rollout", "authorities", "apis", "backends", "moving")
_ADMINISTERED = (*_OURS, "signin", "rest", "auth", "notices")


class Role(TextChoices):
    """The roles; the values are the names of the groups."""

    VIEWER = VIEWERS, pgettext_lazy("role", "Viewers")
    PUBLISHER = PUBLISHERS, pgettext_lazy("role", "Publishers")
    ADMINISTRATOR = ADMINISTRATORS, pgettext_lazy("role", "Administrators")


def has_role(user: User | AnonymousUser) -> bool:
    """Return whether *user* may see or do anything at all."""
    return user.is_superuser or bool(user.get_all_permissions())


def establish_roles(**_signal: Any) -> None:
    """Create the groups and give each exactly its permissions. Run after every migration; idempotent.

    It runs once per app while permissions are still being made; the last run sees them all.
    """
    if not installed.is_installed("django.contrib.auth"):
        return
    may_view = Q(codename__startswith="view_", content_type__app_label__in=_OURS)
    roles = {
        VIEWERS: may_view,
        PUBLISHERS: may_view | Q(content_type__app_label__in=_PUBLISHED),
        ADMINISTRATORS: Q(content_type__app_label__in=_ADMINISTERED),
    }
    for name, permissions in roles.items():
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.set(Permission.objects.filter(permissions))
