"""Receipts of switches: listed, and each as the signed document that ``manage.py receipts verify`` checks."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from certificates.authorities.models import Authority
from certificates.models import Certificate
from certificates.rollout import receipts
from certificates.rollout.models import Proof
from rest.collection import Collection
from rest.envelope import NotFound
from rest.life.asked import READS, entity, entry_of, listed


def answer_receipts(collection: Collection[Any, Any], name: str) -> HttpResponse:
    """Answer the receipts of an entry, the newest first."""
    row: Certificate | Authority = entry_of(collection, name, *READS)
    return listed(collection, [entity(collection, row, ("receipts", str(one.change)), _shown(one)) for one in row.receipts.all()])


def answer_receipt(collection: Collection[Any, Any], name: str, change: str) -> HttpResponse:
    """Answer one, signed."""
    row: Certificate | Authority = entry_of(collection, name, *READS)
    found = row.receipts.filter(change=int(change)).first()
    if found is None:
        raise NotFound
    return HttpResponse(receipts.document_of(found), content_type="application/json")


def _shown(receipt: Proof) -> dict[str, Any]:
    return {
        "change": receipt.change,
        "at": receipt.at,
        "what": receipt.content.get("what"),
        "by": receipt.content.get("by") or None,
        "source": receipt.content.get("source") or None,
        "thumbprint": receipt.content.get("version", {}).get("thumbprint"),
        "gateways": receipts.acknowledged(receipt),
    }
