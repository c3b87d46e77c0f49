"""How it stands with the notices about one entry: what its page shows."""

from __future__ import annotations

from typing import Any

from certificates.models import Certificate
from notices.models import Acknowledgement, Contact, Told
from notices.subjects.entries import subject_of


def standing_of(entry: Certificate) -> dict[str, Any]:
    """Return who is told of *entry*, what was told last of its current version, and who has acknowledged it."""
    subject = subject_of(entry)
    ours = {"subject": subject.key, "version": subject.version}
    return {
        "subject_key": subject.key,
        "contacts": Contact.objects.filter(certificate=entry).select_related("person"),
        "acknowledged": Acknowledgement.objects.in_force().filter(**ours).first(),
        "last_told": Told.objects.filter(**ours, sent_at__isnull=False).order_by("-sent_at").values_list("sent_at", flat=True).first(),
    }
