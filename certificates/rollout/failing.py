"""Versions that something has brought and that are not switched to, for those who have to decide (:mod:`portal.troubles`)."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from certificates.kinds import PAGES
from certificates.models import Kind
from certificates.rollout import trying
from certificates.rollout.models import Candidate
from portal.troubles import Trouble

_NOT_ACCEPTED = _("not every back end has accepted the new version in the try, so the version before is still presented")


def troubles() -> Iterator[Trouble]:
    """Yield what could not be switched to: what was planned and failed, and what a source brought and a back end did not accept."""
    for candidate in Candidate.objects.select_related("certificate"):
        refused = candidate.source and candidate.is_tried and not trying.is_accepted(candidate)
        if candidate.trouble or refused:
            entry = candidate.certificate
            pages = PAGES[Kind(entry.kind)]
            yield Trouble(
                key=f"candidate:{entry.pk}",
                episode=f"{candidate.thumbprint_sha256} {candidate.proposed_at.isoformat()}",
                name=entry.name,
                reason=candidate.trouble or _NOT_ACCEPTED,
                path=reverse(pages.to["confirm"], args=[entry.name]),
                told_to=pages.permission("change"),
                entry=entry.pk,
            )
