"""A certificate's life by REST: versions, what shall become one, switches, receipts, sources. Addresses of our own.

What is sent to an action is a plain object, as the published actions have it; what is read looks as entities do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse

from rest import joined
from rest.call import Call
from rest.collection import Collection
from rest.life import authorities, candidates, moves, parts, receipts, requests, sources, steps, versions

Answer = Callable[..., HttpResponse]

# What stands behind an entry's address, and who answers.
OF_CERTIFICATES: dict[str, Answer] = {
    r"versions/?": versions.answer_versions,
    r"versions/(?P<number>[0-9]{1,9})/destroyKey": versions.answer_destroy_key,
    r"rollBack": versions.answer_roll_back,
    r"candidate": candidates.PROPOSALS.answer_candidate,
    r"candidate/try": candidates.PROPOSALS.answer_try,
    r"candidate/confirm": candidates.answer_confirm,
    r"receipts/?": receipts.answer_receipts,
    r"receipts/(?P<change>[0-9]{1,18})": receipts.answer_receipt,
    r"source": sources.answer_source,
    r"request": requests.answer_request,
    r"request/answer": requests.answer_answer,
    r"rules": parts.answer_rules,
    r"contacts": parts.answer_contacts,
    r"probation": steps.answer_probation,
    r"probation/goOn": steps.answer_go_on,
    r"probation/putBack": steps.answer_put_back,
}
OF_CLIENT_CERTIFICATES: dict[str, Answer] = {
    **OF_CERTIFICATES,
    r"moves/?": moves.answer_moves,
    r"moves/(?P<number>[0-9]{1,18})": moves.answer_move,
    r"moves/(?P<number>[0-9]{1,18})/try": moves.answer_try,
    r"moves/(?P<number>[0-9]{1,18})/confirm": moves.answer_confirm,
}
OF_AUTHORITIES: dict[str, Answer] = {
    r"versions/?": authorities.answer_versions,
    r"rollBack": authorities.answer_roll_back,
    r"candidate": authorities.PROPOSALS.answer_candidate,
    r"candidate/try": authorities.PROPOSALS.answer_try,
    r"candidate/confirm": authorities.answer_confirm,
    r"receipts/?": receipts.answer_receipts,
    r"receipts/(?P<change>[0-9]{1,18})": receipts.answer_receipt,
}

_of_service: dict[str, Answer] = {}  # what stands beside entries


def register(answers: dict[str, Answer]) -> None:
    """Have the service answer at further addresses. Called once for each room, by the app that knows, before the first call."""
    _of_service.update(answers)


def addresses_of_service(address: Callable[[str, Answer], Any]) -> list[Any]:
    """Return what was registered, each made by *address* from its pattern and who answers."""
    joined.complete()
    return [address(pattern, answer) for pattern, answer in _of_service.items()]


def addresses_of(kind: type[Collection[Any, Any]], answers: dict[str, Answer], address: Callable[[str, Answer], Any]) -> list[Any]:
    """Return the addresses below the entries of a *kind*, each made by *address* from its pattern and who answers."""
    return [address(rf"{kind.segment}/(?P<name>[^/]+)/{pattern}", _of(kind, answer)) for pattern, answer in answers.items()]


def _of(kind: type[Collection[Any, Any]], answer: Answer) -> Answer:
    def answered(call: Call, name: str, **more: str) -> HttpResponse:
        return answer(kind(call), name, **more)

    return answered
