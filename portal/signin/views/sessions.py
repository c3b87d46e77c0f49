"""The page of one's own sessions."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.http import PortalRequest
from portal.people import actions
from portal.responses import see_other
from portal.signin.sessions import is_current, sessions_of


@require_http_methods(["GET", "HEAD", "POST"])
def own(request: PortalRequest) -> HttpResponse:
    """List where one is signed in; POST ends one ``session``, or ``everywhere``."""
    sessions = list(sessions_of(request.user))
    if request.method != "POST":
        return render(request, "signin/sessions.html", {"sessions": [(one, is_current(one, request)) for one in sessions]})
    if "everywhere" in request.POST:
        actions.sign_out_everywhere(request.user, by=request.user, now=timezone.now())
        logout(request)
        messages.success(request, _("You are signed out everywhere."))
        return see_other("login")
    for one in sessions:
        if str(one.pk) == request.POST.get("session"):
            actions.end_session(one, by=request.user, now=timezone.now())
            messages.success(request, _("That session has ended."))
    return see_other("sessions")
