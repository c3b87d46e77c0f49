"""Who may do what on these screens: a permission to look, another to change."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse

from apis.models import Api, Operation, Subscription
from portal.http import PortalRequest

P = ParamSpec("P")
View = Callable[Concatenate[PortalRequest, P], HttpResponse]


def may(*look: str, change: str = "") -> Callable[[View[P]], View[P]]:
    """Guard a view: *look* are needed for every request, *change* (if given) for POST, too.

    Lacking one is a 403; a row that is gone is a 404.
    """

    def guard(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: PortalRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            needed = [*look, *([change] if change and request.method == "POST" else [])]
            if not request.user.has_perms(needed):
                raise PermissionDenied
            try:
                return view(request, *args, **kwargs)
            except (Api.DoesNotExist, Operation.DoesNotExist, Subscription.DoesNotExist) as gone:  # deleted between looking and changing
                raise Http404(str(gone)) from gone

        return guarded

    return guard
