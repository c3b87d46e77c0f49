"""What signing in has to do with every page: the session is in use, and a second factor that is demanded comes first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.contrib.sessions.backends.base import UpdateError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from portal.http import wants_fragment
from portal.responses import see_other
from portal.signin.second_factors import has_second_factor, is_demanded_of
from portal.signin.sessions import note_use

# Asked for by pages that nobody may be looking at any more.
_ASKED_BY_PAGES = frozenset({"gateways:index", "gateways:live", "failures:call"})
# What somebody may open who has to set up a second factor first.
_BEFORE = frozenset(
    {
        *("mfa_index", "mfa_activate_totp", "mfa_add_webauthn", "mfa_view_recovery_codes", "account_reauthenticate"),
        *("login", "logout", "account_login", "password_change", "set_theme", "set_language", "healthz"),
        *("openid_connect_login", "openid_connect_callback"),
    }
)


class _PerView:
    """Does something when it is known which view answers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Stand before *get_response*."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Go on."""
        return self.get_response(request)


class SeenMiddleware(_PerView):
    """Keeps a session going while its owner does something."""

    def process_view(self, request: Any, *_view: Any) -> HttpResponse | None:
        """Note the use, unless a page asked by itself; whoever was signed out elsewhere at this very moment is signed out."""
        by_itself = request.resolver_match.view_name in _ASKED_BY_PAGES and wants_fragment(request)
        if request.user.is_authenticated and not by_itself:
            try:
                note_use(request)
            except UpdateError:
                request.session.flush()
                return redirect_to_login(request.get_full_path())
        return None


class SecondFactorMiddleware(_PerView):
    """Leads whoever has to have a second factor, and has none, to where it is set up."""

    def process_view(self, request: Any, *_view: Any) -> HttpResponse | None:
        """Let pass, or lead there."""
        if not request.user.is_authenticated or request.resolver_match.view_name in _BEFORE:
            return None
        if not is_demanded_of(request.user) or has_second_factor(request.user):
            return None
        page = reverse("mfa_index")
        return HttpResponseClientRedirect(page) if request.headers.get("HX-Request") else see_other(page)
