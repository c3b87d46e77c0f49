"""Who may change whom."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse

from portal.roles import has_role

View = Callable[..., HttpResponse]


def may_manage(by: User | AnonymousUser, person: User) -> bool:
    """Return whether *by* may change *person*: superusers are changed by superusers only, lest others take their account over."""
    return by.has_perm("auth.change_user") and (by.is_superuser or not person.is_superuser)


def role_required(view: View) -> View:
    """Guard a view that is for everybody who has a role.

    :raises PermissionDenied: from the view, for others
    """

    @wraps(view)
    def guarded(request: Any, /, *args: Any, **kwargs: Any) -> HttpResponse:
        if not has_role(request.user):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded
