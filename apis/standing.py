"""How APIs stand with the gateways. The app above knows; it enters its answers here when it starts."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from django.db.models import Q


class Standing(Enum):
    """What somebody should look at."""

    FAILING = (
        "failing"  # calls of the last hour had no answer, a back end's error, or a refusal of the certificate; or a gateway refuses it
    )
    BEHIND = "behind"  # a connected gateway has not applied what was changed


Answer = Callable[[], Q]
_answers: dict[Standing, Answer] = {}


def answer_with(standing: Standing, answer: Answer) -> None:
    """Let *answer* tell which APIs stand so. Called once for each, by the app that knows."""
    _answers[standing] = answer


def that_stand(standing: Standing) -> Q:
    """Return the condition for APIs that stand so."""
    return _answers[standing]()
