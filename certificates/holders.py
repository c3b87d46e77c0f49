"""What holds a certificate or an authority besides APIs. The apps above know; each enters its answer here when it starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.utils.functional import Promise

    from certificates.authorities.models import Authority
    from certificates.models import Certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Something that needs an entry: it is not deleted as long as that does.

    :ivar shown: what people read
    :ivar url: its page
    """

    name: str
    shown: str
    url: str | Promise


Answer = Callable[["Certificate | Authority"], list[Holder]]
_answers: list[Answer] = []


def answer_with(answer: Answer) -> None:
    """Let *answer* tell what holds an entry. Called once, by the app that knows."""
    _answers.append(answer)


def holders_of(entry: Certificate | Authority) -> list[Holder]:
    """Return what holds *entry*, by name."""
    return [holder for answer in _answers for holder in answer(entry)]
