"""What the pages of entries show of their signing requests and sources."""

from __future__ import annotations

from django.db.models import QuerySet

from certificates.models import Kind, folded
from certificates.sources.models import SigningRequest


def requests_of(kind: Kind) -> QuerySet[SigningRequest]:
    """Return the signing requests that wait for their certificates, by name."""
    return SigningRequest.objects.filter(kind=kind).defer("der", "wrapped_key", "ciphertext")


def request_for(kind: Kind, name: str) -> SigningRequest | None:
    """Return the one for the entry *name*, which need not be there yet; ``None`` if there is none."""
    return requests_of(kind).filter(folded_name=folded(name)).first()
