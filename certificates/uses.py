"""Which APIs need an entry. The apps above know; each enters its answer here when it starts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.db.models import Q

from certificates.models import Certificate, Kind

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from apis.models import Api

Answer = Callable[[Certificate], "QuerySet[Api]"]
_answers: dict[Kind, Answer] = {}
_failing: list[Callable[[], Q]] = []


def answer_with(kind: Kind, answer: Answer) -> None:
    """Let *answer* tell which APIs need an entry of this *kind*. Called once for each, by the app that knows."""
    _answers[kind] = answer


def failing_with(answer: Callable[[], Q]) -> None:
    """Let *answer* tell which client certificates are refused where they are presented. Called once, by the app that knows."""
    _failing[:] = [answer]


def refused_where_presented() -> Q:
    """Return the condition for client certificates that are refused where they are presented."""
    (answer,) = _failing
    return answer()


def apis_that_need(certificate: Certificate) -> QuerySet[Api]:
    """Return the APIs that would not work without *certificate*: it is not deleted as long as there are any."""
    return _answers[Kind(certificate.kind)](certificate)
