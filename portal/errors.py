"""The pages that say why something is not shown or not done, and what to do about it."""

from __future__ import annotations

import math
import sys
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from portal.activity.refusals import note_refusal
from portal.roles import has_role


def _page(request: HttpRequest, status: int, *, title: str, text: str) -> HttpResponse:
    response = render(request, "portal/error.html", {"error_title": title, "error_text": text, "status": status}, status=status)
    response["Cache-Control"] = "no-store"
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django passes it by this name
    """400: the request itself is broken."""
    return _page(request, 400, title=_("The request could not be read"), text=_("Go back, reload the page and try again."))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django passes it by this name
    """403: the person's role does not allow it; who has no role is told whom to ask."""
    if request.user.is_authenticated:
        note_refusal(request, request.user, now=timezone.now())
        if not has_role(request.user):
            return no_role(request, status=403)
    return _page(
        request,
        403,
        title=_("Your role does not allow this"),
        text=_(
            "Nothing was changed. Viewers read, Publishers change APIs and certificates, Administrators also manage people and gateways. "
            "Ask an Administrator if you need another role."
        ),
    )


def no_role(request: HttpRequest, *, status: int) -> HttpResponse:
    """Tell somebody who may sign in and has no role whom to ask, and nothing of what there is."""
    return render(request, "people/no_role.html", {"contact": settings.CONTACT}, status=status)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django passes it by this name
    """404: nothing has this address, or not any more."""
    return _page(
        request, 404, title=_("There is nothing here"), text=_("It may have been deleted or renamed, or the address has a typing mistake.")
    )


def method_not_allowed(request: HttpRequest, allowed: str) -> HttpResponse:
    """405: the address takes other methods."""
    response = _page(
        request,
        405,
        title=_("This page cannot be opened like that"),
        text=_("It only takes the form of another page. Go there and send it again."),
    )
    response["Allow"] = allowed
    return response


def last_administrator(request: HttpRequest) -> HttpResponse:
    """409: nobody could administer the portal after the change."""
    return _page(
        request,
        409,
        title=_("The last administrator stays"),
        text=_("Nothing was changed: nobody else could manage people and gateways. Make another active person an Administrator first."),
    )


def deactivated(request: HttpRequest) -> HttpResponse:
    """403: somebody has proved who they are, but may not sign in any more."""
    return _page(
        request,
        403,
        title=_("Your account is deactivated"),
        text=_("You cannot sign in with it. If this is a mistake, ask an Administrator."),
    )


def company_refused(request: HttpRequest, *, provider: str) -> HttpResponse:
    """401: the company account did not say who it is."""
    title = _("Signing in by %(provider)s did not work") % {"provider": provider}
    text = _("Nobody was signed in. Try again from the sign-in page; if it stays so, ask an Administrator: the log has the reason.")
    return _page(request, 401, title=title, text=text)


def company_of_another(request: HttpRequest, *, provider: str) -> HttpResponse:
    """403: somebody has confirmed who they are, and it is somebody else."""
    title = _("That is the account of somebody else")
    text = _("Nothing was confirmed. Choose the account at %(provider)s that you sign in here with.") % {"provider": provider}
    return _page(request, 403, title=title, text=text)


def company_not_anew(request: HttpRequest, *, provider: str) -> HttpResponse:
    """401: the provider has sent somebody back without having asked who they are, or without saying when it did."""
    title = _("%(provider)s has not asked who you are") % {"provider": provider}
    text = _(
        "For this it has to have you sign in anew, and to say when you did (the claim auth_time). Nothing was confirmed. Try again, use "
        "a password or a passkey if you have one, or ask whoever runs the portal: the guide says what to set, under Company accounts."
    )
    return _page(request, 401, title=title, text=text)


def oneself(request: HttpRequest) -> HttpResponse:
    """409: somebody would delete their own account."""
    return _page(
        request,
        409,
        title=_("Nobody deletes their own account"),
        text=_("Nothing was changed. Ask another Administrator to delete it."),
    )


def damaged_secret(request: HttpRequest, secret: str) -> HttpResponse:
    """409: a stored secret that this page needs does not open."""
    return _page(
        request,
        409,
        title=_("A stored secret does not open"),
        text=_(
            "%(secret)s was damaged, or its encryption key is missing. Only what needs it is closed. "
            "Enter, upload or regenerate it again, or put it back from a backup."
        )
        % {"secret": secret},
    )


def server_error(_request: HttpRequest) -> HttpResponse:
    """500: a mistake of ours; 503: the database is away. The pages need neither session nor database."""
    if not isinstance(sys.exc_info()[1], OperationalError | InterfaceError):  # what Django calls this for
        return HttpResponse(render_to_string("portal/broken.html"), status=500)
    response = HttpResponse(render_to_string("portal/database_away.html"), status=503)
    response["Retry-After"] = "5"
    return response


@never_cache
@login_not_required
def csrf_failure(request: HttpRequest, **_reason: Any) -> HttpResponse:
    """403: the form is too old, or was not one of ours."""
    return _page(
        request,
        403,
        title=_("The form has expired"),
        text=_(
            "Nothing was changed. You have signed in or out since it was opened, or your browser refuses cookies. "
            "Open the page again and send it once more."
        ),
    )


def body_refused(request: HttpRequest, status: HTTPStatus) -> HttpResponse:
    """408 or 413: what was sent came too slowly, or is more than this person may send; nothing of it was read."""
    if status is HTTPStatus.REQUEST_TIMEOUT:
        title, text = _("What you sent took too long"), _("Nothing was changed. Check your connection and send it once more.")
    else:
        title, text = _("What you sent is too large"), _("Nothing was changed. Sign in first, and send no more than 8 MiB.")
    return _page(request, status, title=title, text=text)


@never_cache
@login_not_required
def locked_out(request: HttpRequest, *, seconds: int) -> HttpResponse:
    """429: too many failed sign-ins from this address or for this name; the same words whether the name exists or not."""
    minutes = math.ceil(seconds / 60)
    response = _page(
        request,
        429,
        title=_("Too many failed sign-ins"),
        text=_(
            "Signing in is closed for a while, for this address or for this name. "
            "Try again in %(minutes)d minutes, or ask an Administrator."
        )
        % {"minutes": minutes},
    )
    response["Retry-After"] = str(seconds)
    return response


@never_cache
@login_not_required
def busy(request: HttpRequest, *, seconds: int) -> HttpResponse:
    """429: too many want the same costly thing at once."""
    response = _page(
        request, 429, title=_("Too many at once"), text=_("Nothing was changed. Others are being served; try again in a few seconds.")
    )
    response["Retry-After"] = str(seconds)
    return response
