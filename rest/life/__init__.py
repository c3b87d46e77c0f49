"""A certificate's life by REST: versions, what shall become one, switches, receipts, sources. Addresses of our own.

What is sent to an action is a plain object, as the published actions have it; what is read looks as entities do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse

from rest.call import Call
from rest.collection import Collection
from rest.life import authorities, candidates, receipts, sources, versions

Answer = Callable[..., HttpResponse]

# What stands behind an entry's address, and who answers.
OF_CERTIFICATES: dict[str, Answer] = {
    r"versions/?": versions.answer_versions,
    r"versions/(?P<number>[0-9]{1,9})/destroyKey": versions.answer_destroy_key,
    r"rollBack": versions.answer_roll_back,
    r"candidate": candidates.answer_candidate,
    r"candidate/try": candidates.answer_try,
    r"candidate/confirm": candidates.answer_confirm,
    r"receipts/?": receipts.answer_receipts,
    r"receipts/(?P<change>[0-9]{1,18})": receipts.answer_receipt,
    r"source": sources.answer_source,
}
OF_AUTHORITIES: dict[str, Answer] = {
    r"versions/?": authorities.answer_versions,
    r"rollBack": authorities.answer_roll_back,
    r"candidate": authorities.answer_candidate,
    r"candidate/try": authorities.answer_try,
    r"candidate/confirm": authorities.answer_confirm,
}


def addresses_of(kind: type[Collection[Any, Any]], answers: dict[str, Answer], address: Callable[[str, Answer], Any]) -> list[Any]:
    """Return the addresses below the entries of a *kind*, each made by *address* from its pattern and who answers."""
    return [address(rf"{kind.segment}/(?P<name>[^/]+)/{pattern}", _of(kind, answer)) for pattern, answer in answers.items()]


def _of(kind: type[Collection[Any, Any]], answer: Answer) -> Answer:
    def answered(call: Call, name: str, **more: str) -> HttpResponse:
        return answer(kind(call), name, **more)

    return answered
