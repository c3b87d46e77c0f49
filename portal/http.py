"""What a request is here: whoever reaches a view is signed in, and htmx says whether it asked."""

from datetime import datetime

from django.contrib.auth.models import User
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails


class PortalRequest(HttpRequest):
    """A request as views receive it, for annotations only.

    ``LoginRequiredMiddleware``, ``HtmxMiddleware`` and ``ArrivalMiddleware`` have seen it.
    """

    user: User
    htmx: HtmxDetails
    came_at: datetime


def wants_fragment(request: PortalRequest) -> bool:
    """Return whether htmx asked for a part of the page; boosted links and restored history need the whole page."""
    return bool(request.htmx) and not request.htmx.boosted and not request.htmx.history_restore_request
