"""What the pages of entries show of their signing requests and sources."""

from __future__ import annotations

from django.db.models import QuerySet

from certificates.models import Certificate, Kind, folded
from certificates.sources.models import SigningRequest, Source


def requests_of(kind: Kind) -> QuerySet[SigningRequest]:
    """Return the signing requests that wait for their certificates, by name."""
    return SigningRequest.objects.filter(kind=kind).defer("der", "wrapped_key", "ciphertext")


def request_for(kind: Kind, name: str) -> SigningRequest | None:
    """Return the one for the entry *name*, which need not be there yet; ``None`` if there is none."""
    return requests_of(kind).filter(folded_name=folded(name)).first()


def source_of(certificate: Certificate) -> Source | None:
    """Return what the entry renews itself from; ``None`` if people renew it."""
    return Source.objects.filter(certificate=certificate).first()


def failing() -> QuerySet[Source]:
    """Return the sources that bring nothing just now, the longest failing first, with their entries; for notices and lists."""
    return Source.objects.filter(failing_since__isnull=False).select_related("certificate__current").order_by("failing_since", "pk")
