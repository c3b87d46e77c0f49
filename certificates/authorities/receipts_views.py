"""The page of a receipt of authorities, and the receipt as a signed file."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from certificates.authorities.access import find, may, render
from certificates.authorities.models import AuthorityReceipt, AuthorityTry
from certificates.authorities.words import outcome_word, reason_sentence
from certificates.rollout.receipts import acknowledged_moments, document_of, public_key
from certificates.rollout.signing import fingerprint
from certificates.rollout.tables import first_kept
from portal.http import PortalRequest


@require_safe
@may("view")
def receipt(request: PortalRequest, name: str, number: int) -> HttpResponse:
    """Show the receipt of one switch."""
    found = _find(name, number)
    first, more = first_kept(found.content.get("tries", ()))
    tries = [AuthorityTry(**one) for one in first]
    context = {
        "authority": found.authority,
        "receipt": found,
        "content": found.content,
        "gateways": acknowledged_moments(found),
        "tries": [(one, outcome_word(one), reason_sentence(one)) for one in tries],
        "more": more,
        "key": fingerprint(public_key()),
    }
    return render(request, "receipt.html", context)


@require_safe
@may("view")
def download(_request: PortalRequest, name: str, number: int) -> HttpResponse:
    """Answer the receipt as a signed file."""
    found = _find(name, number)
    response = HttpResponse(document_of(found), content_type="application/json")
    file = f"receipt-{found.authority.name}-{number}.json"
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=file) or "attachment"
    return response


def _find(name: str, number: int) -> AuthorityReceipt:
    return get_object_or_404(AuthorityReceipt.objects.select_related("authority"), authority=find(name).pk, change=number)
