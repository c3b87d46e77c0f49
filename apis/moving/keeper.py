"""Carries planned moves out, in a thread of the xDS process. Of several processes one makes it: the move ends in the same transaction."""

from __future__ import annotations

import logging
import threading
from datetime import datetime

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop

from apis.moving import actions
from apis.moving.models import Move
from apis.moving.refusals import ChangedMeanwhile, Gone, NothingToMove, OverHttp, SharesBackEnd
from certificates.models import ClientCertificate
from certificates.rollout.actions import TRIED_AGAIN_EVERY
from certificates.rollout.keeper import GIVEN_UP, keep_on
from certificates.rollout.proposals import When
from certificates.rollout.staying import named
from certificates.rollout.trying import is_accepted
from portal.kept_sentences import kept

log = logging.getLogger(__name__)


class Moves:
    """The thread."""

    def run(self, stop: threading.Event) -> None:
        """Go on until *stop*; while the database is away, look ever more seldom."""
        keep_on(stop, self.step)

    def step(self) -> bool:
        """Do once what is to be done; return false, as there is no more."""
        now = timezone.now()
        due = Q(when=When.AT, at__lte=now) | Q(when=When.AFTER_TRY)
        for move in Move.objects.filter(due, trouble="").select_related("target__current"):
            _look_at(move, now=now)
        return False


def _look_at(move: Move, *, now: datetime) -> None:
    if move.is_due(now=now) or is_accepted(move):
        _carry_out(move, now=now)
    elif move.is_tried:
        _try_again(move, now=now)


def _carry_out(move: Move, *, now: datetime) -> None:
    try:
        actions.carry_out_as_planned(move, now=now)
    except (Gone, ClientCertificate.DoesNotExist):
        return  # another process was faster, or somebody has thought better of it
    except (ChangedMeanwhile, OverHttp, SharesBackEnd, NothingToMove) as refusal:
        log.error("The planned move of APIs to %s was not made: %s", move.target, refusal)  # noqa: TRY400 - the sentence says it all
        Move.objects.filter(pk=move.pk).update(trouble=why(refusal))


def why(refusal: ChangedMeanwhile | OverHttp | SharesBackEnd | NothingToMove) -> str:
    """Return why APIs were not moved, as it is stored (:mod:`portal.kept_sentences`)."""
    match refusal:
        case OverHttp():
            sentence = gettext_noop(
                "No certificate can be presented over http. Give these APIs an https Web service URL, or leave them out: %(apis)s."
            )
        case SharesBackEnd():
            sentence = gettext_noop(
                "These have the certificate from a back end that other APIs use, too: %(apis)s. Choose all of them, or change the back end."
            )
        case ChangedMeanwhile() if refusal.apis:
            sentence = gettext_noop("These APIs were changed meanwhile: %(apis)s. Look at the comparison and the try again, then confirm.")
        case ChangedMeanwhile():
            return kept(gettext_noop("The certificate was replaced meanwhile. Look at the comparison and the try again, then confirm."))
        case _:
            return kept(gettext_noop("All of these APIs present this certificate already."))
    return kept(sentence, apis=named(refusal.apis))


def _try_again(move: Move, *, now: datetime) -> None:
    """Have it tried again when it is time; after a while it is left to people, who are told so."""
    planned = Move.objects.filter(pk=move.pk, when=When.AFTER_TRY)
    if move.until and now >= move.until:
        planned.update(trouble=GIVEN_UP)
    elif move.tried_at and now >= move.tried_at + TRIED_AGAIN_EVERY:
        planned.update(try_asked_at=now)
