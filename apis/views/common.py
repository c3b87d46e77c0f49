"""What the tabs of an API share."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _

from apis.backends.leading import BelongsToBackEnd
from apis.conflict import differences
from apis.models import Api
from apis.warnings import warnings_of
from portal.http import PortalRequest
from portal.locations import url_of

OK, CONFLICT, UNPROCESSABLE = 200, 409, 422
_ANYWHERE = {"0.0.0.0", "::"}  # noqa: S104 - nothing is bound here


def api_of(name: str) -> Api:
    """Return the API with what its tabs show, or answer 404."""
    return get_object_or_404(Api.objects.select_related("certificate__current", "stays_with", "back_end", "changed_by"), name=name)


def tab(request: PortalRequest, api: Api, which: str, *, status: int = OK, template: str = "", **context: Any) -> HttpResponse:
    """Render the tab *which* of an API with the warnings that every page of it shows."""
    tabs = [
        ("detail", _("Summary")),
        ("settings", _("Settings")),
        ("operations", _("Operations")),
        ("security", _("Security")),
        ("callers", _("Callers")),
        ("calls", _("Calls")),
        ("policy", _("Policy")),
        *([("console", _("Test"))] if request.user.has_perm("apis.change_api") else []),
        ("history", _("History")),
    ]
    shared = {"api": api, "tab": which, "tabs": tabs, "warnings": warnings_of(api, now=timezone.now())}
    return render(request, template or f"apis/{which}.html", shared | context, status=status)


def belongs_to(refusal: BelongsToBackEnd) -> str:
    """Return what is said where an API's security is to be changed that is a back end's."""
    return _("Credentials, checks and protocol belong to the back end %(name)s; change them there.") % {"name": refusal.back_end}


def edited_meanwhile(request: PortalRequest, current: Api, which: str, *, mine: Any, theirs: Any) -> HttpResponse:
    """Answer 409 with both values of what differs, who saved when, and the ways to go on.

    :param mine: the valid form that came too late
    :param theirs: the same form, unbound, of what is saved now
    """
    current = api_of(current.name)
    context = {"mine": mine, "revision": theirs["revision"].value(), "differences": differences(mine, theirs)}
    return tab(request, current, which, template="apis/edited_meanwhile.html", status=CONFLICT, **context)


def gateway_address(request: HttpRequest, api: Api | None = None) -> str:
    """Return where callers reach the gateway: its address, or the portal's host if the gateway listens on every address.

    :param api: which they call; it may be limited to host names, or need HTTPS
    """
    needs_https = settings.GATEWAY_HTTPS_REDIRECT or (api and (api.hosts or api.caller_rule()))
    by_https = settings.GATEWAY_TLS_ADDRESS if needs_https else None
    own, port = by_https or (settings.GATEWAY_HOST, settings.GATEWAY_PORT)
    host = urlsplit(f"//{request.get_host()}").hostname or own if own in _ANYWHERE else own
    named = (api.host_to_call if api else "") or host
    return url_of(named, port, scheme="https" if by_https else "http")
