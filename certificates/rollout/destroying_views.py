"""The page that destroys the private key of an old version."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from certificates.access import may
from certificates.kinds import Pages
from certificates.models import CertificateVersion
from certificates.pages import find, render
from certificates.rollout import destroying
from portal.http import PortalRequest
from portal.responses import see_other


@require_http_methods(["GET", "HEAD", "POST"])
@may("delete")
def destroy(request: PortalRequest, pages: Pages, name: str, number: int) -> HttpResponse:
    """Destroy a key after a confirmation; that of a version which somebody is shown stays, and the page says so."""
    certificate = find(pages, name)
    version = get_object_or_404(certificate.versions.select_related("certificate"), number=number)
    if request.method == "POST":
        try:
            destroying.destroy_key(certificate, version=number, by=request.user, now=timezone.now())
        except destroying.StillPresented:
            return render(request, pages, "certificates/rollout/destroy.html", _context(version), status=409)
        messages.success(request, _("The private key of version %(number)d was destroyed.") % {"number": number})
        return see_other(pages.to["detail"], certificate.name)
    return render(request, pages, "certificates/rollout/destroy.html", _context(version))


def _context(version: CertificateVersion) -> dict[str, object]:
    return {"certificate": version.certificate, "version": version, "presented": destroying.is_presented(version)}
