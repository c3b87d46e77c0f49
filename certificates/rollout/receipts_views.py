"""The page of a receipt, and the receipt as a signed file."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from certificates.access import may
from certificates.kinds import Pages
from certificates.pages import find, render
from certificates.rollout import presented, receipts
from certificates.rollout.models import Outcome, Probation, Receipt, Tried
from certificates.rollout.signing import fingerprint
from certificates.rollout.tables import first_kept
from certificates.rollout.words import reason_sentence
from portal.http import PortalRequest


@require_safe
@may("view")
def receipt(request: PortalRequest, pages: Pages, name: str, number: int) -> HttpResponse:
    """Show the receipt of one switch."""
    found = _find(pages, name, number)
    tries, more = first_kept(found.content.get("tries", ()))
    context = {
        "certificate": found.certificate,
        "receipt": found,
        "content": found.content,
        "gateways": receipts.acknowledged_moments(found),
        **_calls_of(found),
        "tries": [(one, Outcome(one["outcome"]).label, reason_sentence(Tried(**one))) for one in tries],
        "more": more,
        "outcome": Probation.Outcome(found.content.get("probation", {}).get("outcome", "")).label,
        "key": fingerprint(receipts.public_key()),
    }
    return render(request, pages, "certificates/rollout/receipt.html", context)


@require_safe
@may("view")
def download(request: PortalRequest, pages: Pages, name: str, number: int) -> HttpResponse:  # noqa: ARG001 - a view
    """Answer the receipt as a signed file."""
    found = _find(pages, name, number)
    response = HttpResponse(receipts.document_of(found), content_type="application/json")
    file = f"receipt-{name}-{number}.json"
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=file) or "attachment"
    return response


def _find(pages: Pages, name: str, number: int) -> Receipt:
    certificate = find(pages, name)
    return get_object_or_404(Receipt.objects.select_related("certificate"), certificate=certificate.pk, change=number)


def _calls_of(found: Receipt) -> dict[str, Any]:
    """Return the first call with the new version and the last with the one before; nothing where nobody counts them."""
    calls = presented.calls_of(found)
    return {"calls": {name: presented.Call.of(calls[name]) for name in calls}} if calls else {}
