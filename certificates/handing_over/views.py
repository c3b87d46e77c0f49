"""The page for the owner of a back end, and the files that it offers; of the current version, or of another one (``of`` in the address)."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_safe

from certificates.access import may
from certificates.handing_over.lines import recipes
from certificates.handing_over.parts import PublicPart
from certificates.kinds import Pages
from certificates.models import Certificate, CertificateVersion
from certificates.pages import find, render
from certificates.rollout.models import Candidate
from portal.http import PortalRequest

CANDIDATE = "candidate"


@require_safe
@may("view")
def hand_over(request: PortalRequest, pages: Pages, name: str) -> HttpResponse:
    """Show the files and the ready lines."""
    certificate = find(pages, name)
    chosen = request.GET.get("of", "")
    part = _part_of(certificate, chosen)
    context = {
        "certificate": certificate,
        "of": chosen,
        "held": _held(certificate, chosen),
        "candidate": Candidate.objects.filter(certificate=certificate.pk).first(),
        "files": {address.replace(".", "_"): file for address, file in part.files().items()},
        "recipes": recipes(part),
        "missing_issuer": part.missing_issuer,
        "has_anchor": part.anchor is not None,
    }
    return render(request, pages, "certificates/handing_over/hand_over.html", context)


@require_safe
@may("view")
def download(request: PortalRequest, pages: Pages, name: str, file: str) -> HttpResponse:
    """Send one of the files."""
    found = _part_of(find(pages, name), request.GET.get("of", "")).files().get(file)
    if found is None:
        raise Http404
    response = HttpResponse(found.content, content_type=found.kind)
    response["Content-Disposition"] = f'attachment; filename="{found.name}"'
    return response


def _part_of(certificate: Certificate, chosen: str) -> PublicPart:
    held = _held(certificate, chosen)
    return PublicPart(entry=certificate.name, der=bytes(held.der), above=held.chain_der)


def _held(certificate: Certificate, chosen: str) -> CertificateVersion | Candidate:
    """Return the current version, the candidate, or the version of that number; answer 404 if there is none."""
    held: CertificateVersion | Candidate | None = None
    if not chosen:
        held = certificate.current
    elif chosen == CANDIDATE:
        held = Candidate.objects.filter(certificate=certificate.pk).first()
    elif chosen.isascii() and chosen.isdigit():
        held = certificate.versions.filter(number=int(chosen[:9])).first()
    if held is None:
        raise Http404
    return held
