"""How the addresses of back ends are, from each gateway. The app above knows; it enters its answers here when it starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.utils.functional import Promise

    from apis.backends.models import BackEnd
    from certificates.models import CertificateVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one address is, seen from one gateway.

    :ivar state: ``good``, ``warn``, ``bad``, or empty where it is not known
    :ivar serving: whether the gateway gives it calls, in words; empty where it has not said
    :ivar answer: how it has answered just now, in words; empty where there is no TLS to be tried
    :ivar calls: how many calls the gateway has given it since it was configured, and how many of them failed; ``None``: it has not said
    """

    address: str
    gateway: str
    state: str
    serving: str | Promise
    answer: str | Promise
    calls: int | None = None
    failed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The version of a certificate by which a call has succeeded last."""

    version: CertificateVersion
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Who knows."""

    standings: Callable[[BackEnd], list[Standing]]
    accepted: Callable[[BackEnd], Accepted | None]


_answers: list[Answers] = []


def answer_with(answers: Answers) -> None:
    """Let *answers* tell. Called once, by the app that knows."""
    _answers[:] = [answers]


def standings_of(back_end: BackEnd) -> list[Standing]:
    """Return how each address is, by address and gateway. Asks the gateways, which takes seconds where one does not answer.

    :raises portal.turns.Busy: if too many are asked already
    """
    (known,) = _answers
    return known.standings(back_end)


def accepted_last(back_end: BackEnd) -> Accepted | None:
    """Return which certificate the back end has accepted last."""
    (known,) = _answers
    return known.accepted(back_end)
