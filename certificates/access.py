"""Who may do what on the certificates' screens: each kind of entry has permissions of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse

from certificates.kinds import Pages
from portal.http import PortalRequest

P = ParamSpec("P")
View = Callable[Concatenate[PortalRequest, P], HttpResponse]


def may(action: str) -> Callable[[View[P]], View[P]]:
    """Guard a view: it takes the permission to do *action* (``view``, ``add``, ``change``, ``delete``) to its kind of entry."""

    def guard(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: PortalRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            pages = kwargs["pages"]
            assert isinstance(pages, Pages)  # noqa: S101 - the addresses name it
            if not request.user.has_perm(pages.permission(action)):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return guard
