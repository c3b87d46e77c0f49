"""Versions that something has brought and that are not switched to, for those who have to decide (:mod:`portal.troubles`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from certificates.kinds import PAGES
from certificates.models import Certificate, Kind
from certificates.rollout import trying
from certificates.rollout.models import Candidate, When
from certificates.rollout.standing import put_back_lately
from portal.troubles import Trouble

_NOT_ACCEPTED = _("not every back end has accepted the new version in the try, so the version before is still presented")
_WAITS = _("a new version was brought and waits for a person to confirm it, so the version before is still presented")
PUT_BACK = _("back ends refused the new version, so the version before was put back")


def fails(candidate: Candidate) -> bool:
    """Return whether it is not switched to though it was planned, or though a source has brought it to be switched to."""
    was_to_be = candidate.source or candidate.when == When.AFTER_TRY
    return bool(candidate.trouble or (was_to_be and candidate.is_tried and not trying.is_accepted(candidate)))


def candidates() -> Iterator[tuple[Candidate, str]]:
    """Yield what somebody has to see to, each with the reason: what fails, and what a source has brought and a person has to confirm."""
    for candidate in Candidate.objects.select_related("certificate__current").prefetch_related("tries").order_by("proposed_at", "pk"):
        if fails(candidate):
            yield candidate, candidate.why_not or str(_NOT_ACCEPTED)
        elif candidate.source and candidate.when == When.UNDECIDED:
            yield candidate, str(_WAITS)


def troubles() -> Iterator[Trouble]:
    """Yield what was put back, could not be switched to, or waits for a person, once for each version."""
    for probation in put_back_lately(now=timezone.now()):
        yield _trouble(probation.certificate, f"put-back:{probation.certificate_id}", str(probation.pk), str(PUT_BACK), "detail")
    for candidate, reason in candidates():
        yield _of_candidate(candidate, reason)
    for candidate in Candidate.objects.filter(when=When.AFTER_TRY, tried_at__isnull=False, trouble="").select_related("certificate"):
        if candidate.is_tried_again:
            yield _of_candidate(candidate, str(_NOT_ACCEPTED), is_asked_again=True)


def _of_candidate(candidate: Candidate, reason: str, *, is_asked_again: bool = False) -> Trouble:
    episode = f"{candidate.thumbprint_sha256} {candidate.proposed_at.isoformat()}"
    key = f"candidate:{candidate.certificate_id}"
    return replace(_trouble(candidate.certificate, key, episode, reason, "confirm"), is_asked_again=is_asked_again)


def _trouble(entry: Certificate, key: str, episode: str, reason: str, page: str) -> Trouble:
    pages = PAGES[Kind(entry.kind)]
    return Trouble(
        key=key,
        episode=episode,
        name=entry.name,
        reason=reason,
        path=reverse(pages.to[page], args=[entry.name]),
        told_to=pages.permission("change"),
        entry=entry.pk,
    )
