"""The dashboard, preferences and the health check."""

from __future__ import annotations

import functools

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal import attention, errors, parts
from portal.columns import hide
from portal.forms import PreferencesForm
from portal.http import PortalRequest, wants_fragment
from portal.models import Theme
from portal.preferences import keep, preferences_of, set_language_cookie, set_theme_cookie, theme_of
from portal.readiness import Readiness
from portal.responses import SeeOther, see_other
from portal.roles import has_role


@require_safe
def dashboard(request: PortalRequest) -> HttpResponse:
    """Show what needs somebody, the state of the house and the next step; to who has no role, whom to ask for one."""
    if not has_role(request.user):
        return errors.no_role(request, status=200)
    context = {"concerns": attention.concerns(request.user.has_perm, now=timezone.now())}
    return render(request, "portal/_dashboard.html" if wants_fragment(request) else "portal/dashboard.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: PortalRequest) -> HttpResponse:
    """Show and keep a person's language and theme."""
    kept = preferences_of(request.user)
    shown = {"language": (kept and kept.language) or translation.get_language(), "theme": theme_of(request)}
    form = PreferencesForm(request.POST if request.method == "POST" else None, initial=shown)
    if form.is_valid():
        keep(request.user, **form.cleaned_data)
        translation.activate(form.cleaned_data["language"])  # what is said now is read on the next page
        messages.success(request, _("Your preferences were saved."))
        response = see_other("preferences")
        set_language_cookie(response, form.cleaned_data["language"])
        set_theme_cookie(response, form.cleaned_data["theme"])
        return response
    return render(request, "portal/preferences.html", {"form": form}, status=422 if form.is_bound else 200)


@login_not_required
@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Switch the language, from any page; kept with the account and in a cookie."""
    response = SeeOther(_next_page(request))
    if (language := request.POST.get("language", "")) in dict(settings.LANGUAGES):
        keep(request.user, language=language)
        set_language_cookie(response, language)
    return response


@require_POST
def set_theme(request: PortalRequest) -> HttpResponse:
    """Switch the theme, from any page; kept with the account and in a cookie."""
    response = SeeOther(_next_page(request))
    if (theme := request.POST.get("theme", "")) in Theme.values:
        keep(request.user, theme=theme)
        set_theme_cookie(response, theme)
    return response


@require_POST
def set_columns(request: PortalRequest) -> HttpResponse:
    """Keep which columns of a list are shown: of ``all`` there are, those that ``shown`` names."""
    shown = set(request.POST.getlist("shown"))
    hide(request.user, request.POST.get("list", ""), [key for key in request.POST.getlist("all") if key not in shown])
    return SeeOther(_next_page(request))


@login_not_required
@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """Answer 200 while the portal answers at all: what it needs is told by :func:`readyz`."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@login_not_required
@require_safe
def readyz(_request: HttpRequest) -> HttpResponse:
    """Answer whether people can be served, by part: 200 or 503."""
    report = _readiness().report()
    response = JsonResponse(report.as_json(), status=200 if report.ready else 503)
    setattr(response, "_has_been_logged", True)  # noqa: B010 - Django's mark: no mail to administrators each time a balancer asks
    return response


@functools.cache
def _readiness() -> Readiness:
    return Readiness(parts.looks())


def _next_page(request: HttpRequest) -> str:
    """Return the page to go back to: the one the form names, if it is ours; else the dashboard."""
    page = request.POST.get("next", "") or request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure())
    return page if ours else "/"
