"""Authorities that were to be switched to and are not, for those who have to decide (:mod:`portal.troubles`)."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from certificates.authorities.models import AuthorityCandidate
from portal.troubles import Trouble

_NOT_TRUSTED = _("the new certificates are not in force: not every back end leads to them")


def troubles() -> Iterator[Trouble]:
    """Yield what could not be switched to."""
    for candidate in AuthorityCandidate.objects.exclude(when="").select_related("authority").prefetch_related("tries").order_by("pk"):
        if candidate.fails or candidate.is_tried_again:
            yield Trouble(
                key=f"authority-candidate:{candidate.authority_id}",
                episode=f"{candidate.digest} {candidate.proposed_at.isoformat()}",
                name=candidate.authority.name,
                reason=candidate.why_not or _NOT_TRUSTED,
                path=reverse("authorities:confirm", args=[candidate.authority.name]),
                told_to="authorities.change_authority",
                is_asked_again=not candidate.fails,
            )
