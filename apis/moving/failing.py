"""Planned moves that did not come about, for those who have to decide (:mod:`portal.troubles`)."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apis.moving.models import Move
from certificates.rollout.proposals import When
from certificates.rollout.trying import is_accepted
from portal.troubles import Trouble

_NOT_ACCEPTED = _("not every back end has accepted the certificate in the try, so the APIs stay with what they present")


def fails(move: Move) -> bool:
    """Return whether it was planned and does not come about."""
    return bool(move.trouble) or (move.when == When.AFTER_TRY and move.is_tried and not is_accepted(move))


def troubles() -> Iterator[Trouble]:
    """Yield what was planned and does not come about."""
    for move in Move.objects.exclude(when=When.UNDECIDED).select_related("target").prefetch_related("tries").order_by("proposed_at", "pk"):
        if fails(move) or move.is_tried_again:
            yield Trouble(
                key=f"move:{move.pk}",
                episode=f"{move.thumbprint} {move.proposed_at.isoformat()}",
                name=move.target.name,
                reason=move.why_not or str(_NOT_ACCEPTED),
                path=reverse("moving:move", args=[move.pk]),
                told_to="apis.change_api",
                entry=move.target_id,
                is_asked_again=not fails(move),
            )
