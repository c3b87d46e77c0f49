"""The dashboard, the activity log, signing in, preferences and the health check."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse_lazy
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.activity.people import record_password_changed
from portal.forms import PasswordForm, PreferencesForm
from portal.http import PortalRequest
from portal.models import Theme
from portal.preferences import keep, preferences_of, set_language_cookie, set_theme_cookie, theme_of
from portal.responses import see_other


@require_safe
def dashboard(request: PortalRequest) -> HttpResponse:
    """Show the state of the house and the next step."""
    return render(request, "portal/dashboard.html")


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
    response = see_other(_next_page(request))
    if (language := request.POST.get("language", "")) in dict(settings.LANGUAGES):
        keep(request.user, language=language)
        set_language_cookie(response, language)
    return response


@require_POST
def set_theme(request: PortalRequest) -> HttpResponse:
    """Switch the theme, from any page; kept with the account and in a cookie."""
    response = see_other(_next_page(request))
    if (theme := request.POST.get("theme", "")) in Theme.values:
        keep(request.user, theme=theme)
        set_theme_cookie(response, theme)
    return response


class SignIn(LoginView):
    """The sign-in page. Failures are counted by :mod:`portal.guesses`."""

    redirect_authenticated_user = True

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Answer a failed sign-in with 422."""
        response = super().form_invalid(form)
        response.status_code = 422
        return response


class ChangePassword(PasswordChangeView):
    """Change one's own password; other sessions of the person end."""

    success_url = reverse_lazy("preferences")
    form_class = PasswordForm

    def get_form_kwargs(self) -> dict[str, Any]:
        """Let the form count failures."""
        return super().get_form_kwargs() | {"request": self.request}

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        """Save it, with its line in the activity log, and say so."""
        with transaction.atomic():
            super().form_valid(form)
            record_password_changed(form.user, by=form.user, now=timezone.now())
        messages.success(self.request, _("Your password was changed. You have been signed out everywhere else."))
        return see_other("preferences")

    def form_invalid(self, form: PasswordChangeForm) -> HttpResponse:
        """Answer a refused password with 422."""
        response = super().form_invalid(form)
        response.status_code = 422
        return response


@login_not_required
@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """Answer 200 while the portal reaches its database."""
    connection.ensure_connection()
    return HttpResponse("ok\n", content_type="text/plain")


def _next_page(request: HttpRequest) -> str:
    """Return the page to go back to: the one the form names, if it is ours; else the dashboard."""
    page = request.POST.get("next", "") or request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure())
    return page if ours else "/"
