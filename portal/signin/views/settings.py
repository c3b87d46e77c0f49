"""What Administrators demand of those who sign in."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.http import PortalRequest
from portal.responses import see_other
from portal.signin.confirming import recently_confirmed
from portal.signin.forms import DemandForm
from portal.signin.second_factors import demand, demanding_roles
from portal.signin.views.common import OK, UNPROCESSABLE


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("signin.change_secondfactordemand", raise_exception=True)
@recently_confirmed
def sign_in_settings(request: PortalRequest) -> HttpResponse:
    """Show and change whose role has to have a second factor."""
    form = DemandForm(request.POST if request.method == "POST" else None, initial={"roles": sorted(demanding_roles())})
    if form.is_valid():
        demand(set(form.cleaned_data["roles"]), by=request.user, now=timezone.now())
        messages.success(request, _("The sign-in settings were saved."))
        return see_other("sign_in_settings")
    return render(request, "signin/settings.html", {"form": form}, status=UNPROCESSABLE if form.errors else OK)
