"""Django admin within the portal: one sign-in, open to those who may manage people."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from portal.responses import see_other


class PortalAdminSite(AdminSite):
    """The admin site. Signing in, signing out and changing a password are the portal's own pages."""

    site_header = site_title = _("Publisher portal")
    index_title = _("Administration")
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Let in superusers and whoever may change people."""
        return bool(request.user.is_active and request.user.has_perm("auth.change_user"))

    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, _extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send to the portal's sign-in page; who is signed in already lacks the permission."""
        if request.user.is_authenticated:
            raise PermissionDenied
        page = request.GET.get("next") or reverse("admin:index", current_app=self.name)
        return redirect(f"{reverse('login')}?{urlencode({'next': page})}")

    def logout(self, request: HttpRequest, _extra_context: dict[str, Any] | None = None) -> HttpResponse:  # type: ignore[override]  # the stubs name the template of Django\'s own page
        """Sign out as the portal does."""
        from django.contrib.auth.views import LogoutView  # late: the admin site is made while apps load

        return LogoutView.as_view()(request)

    def password_change(self, _request: HttpRequest, _extra_context: dict[str, Any] | None = None) -> HttpResponse:  # type: ignore[override]  # the stubs name the template of Django\'s own page
        """Send to the portal's page."""
        return see_other("password_change")
