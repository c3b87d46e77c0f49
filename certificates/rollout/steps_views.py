"""What a person decides of a switch that goes in steps, or whose version is on probation."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from certificates.access import may
from certificates.kinds import Pages
from certificates.models import Certificate, KeyDestroyed
from certificates.pages import find
from certificates.rollout import steps
from certificates.rollout.models import Probation
from portal.history.undo import saved
from portal.http import PortalRequest
from portal.responses import see_other


@require_POST
@may("change")
def go_on(request: PortalRequest, pages: Pages, name: str) -> HttpResponse:
    """Let all APIs present what the canary does."""
    certificate = find(pages, name)
    try:
        certificate = steps.go_on(_seen(request, certificate), by=request.user, now=timezone.now())
    except steps.Ended:
        _say_that_it_is_over(request)
    else:
        saved(request, _("All APIs that use the certificate present the new version now."), pages.live_kind, certificate)
    return see_other(pages.to["detail"], certificate.name)


@require_POST
@may("change")
def put_back(request: PortalRequest, pages: Pages, name: str) -> HttpResponse:
    """Put the version before back."""
    certificate = find(pages, name)
    try:
        steps.put_back(_seen(request, certificate), because=(), by=request.user, now=timezone.now())
    except steps.Ended:
        _say_that_it_is_over(request)
    except KeyDestroyed:
        messages.error(request, _("The private key of the version before was destroyed, so it cannot be put back."))
    else:
        messages.success(request, _("The version before was put back."))
    return see_other(pages.to["detail"], certificate.name)


def _seen(request: PortalRequest, certificate: Certificate) -> Probation:
    """Return the probation that the form was shown for; where it does not say, the one that is open.

    :raises steps.Ended: if that is not the one that is open, or none is
    """
    probation = steps.open_of(certificate)
    if request.POST.get("probation", str(probation.pk)) != str(probation.pk):
        raise steps.Ended
    return probation


def _say_that_it_is_over(request: PortalRequest) -> None:
    messages.info(request, _("This has been decided meanwhile, by somebody else or by the rules of this certificate."))
