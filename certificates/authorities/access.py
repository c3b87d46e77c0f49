"""Who may do what on the screens of trusted authorities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec

from django import shortcuts
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse

from certificates.authorities.models import Authority
from portal.http import PortalRequest

P = ParamSpec("P")
View = Callable[Concatenate[PortalRequest, P], HttpResponse]
_ACTIONS = ("add", "change", "delete")


def permission(action: str) -> str:
    """Return the permission to do something (``view``, ``add``, ``change``, ``delete``) to entries."""
    return f"authorities.{action}_authority"


def may(action: str) -> Callable[[View[P]], View[P]]:
    """Guard a view: it takes the permission to do *action*."""
    return permission_required(permission(action), raise_exception=True)


def find(name: str) -> Authority:
    """Return the entry of that name, in whatever case, or answer 404."""
    return shortcuts.get_object_or_404(Authority.objects.named(name).select_related("current__created_by"))


def render(request: PortalRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """Render a page, with what its reader may do."""
    may_do = {f"may_{action}": request.user.has_perm(permission(action)) for action in _ACTIONS}
    return shortcuts.render(request, f"certificates/authorities/{template}", {**may_do, **context}, status=status)
