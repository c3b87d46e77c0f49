"""Secrets of other rooms, kept sealed for them: they hold a ticket. One ring, one rotation and one report for all of them."""

from __future__ import annotations

import uuid

from certificates.models import SealedText
from certificates.sealing import Secret


def keep(text: str) -> str:
    """Seal *text* and return the ticket for it."""
    row = SealedText()
    row.seal(Secret(text.encode()))
    row.save(force_insert=True)
    return str(row.pk)


def read(ticket: str) -> str:
    """Return the text.

    :raises certificates.sealing.SealingError: if it was damaged, or the ring lacks its key
    """
    return SealedText.objects.get(pk=uuid.UUID(ticket)).unseal().value.decode()


def forget(ticket: str) -> None:
    """Delete it; nothing happens if it is gone."""
    SealedText.objects.filter(pk=uuid.UUID(ticket)).delete()
