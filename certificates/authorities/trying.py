"""Holding a candidate against what the back ends of an entry's APIs present, before calls depend on it.

The gateway app knows the gateways and how to shake hands; it enters its trier here when it starts. Callers' certificates are not there to
be tried: what an entry admits is compared only.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Protocol

from certificates.authorities.models import Authority, AuthorityCandidate, AuthorityTry
from certificates.rollout.models import Outcome
from certificates.rollout.trying import Place

_LONGEST = 500  # characters


class Reason(enum.StrEnum):
    """Why a try has come out as it has; :mod:`certificates.authorities.words` holds a sentence for each."""

    TRUSTED = "trusted"
    NOT_TRUSTED = "not-trusted"
    NO_NAME = "no-name"
    NO_CONNECTION = "no-connection"
    NO_HANDSHAKE = "no-handshake"
    NO_GATEWAY = "no-gateway"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one try has shown.

    :ivar said: the words of a library, or of the system
    :ivar issuer: whom the chain that the back end presents leads to
    """

    outcome: Outcome
    reason: Reason
    said: str = ""
    issuer: str = ""
    milliseconds: int = 0


class Trier(Protocol):
    """What the gateway app knows to do."""

    def places(self, authority: Authority) -> list[Place]:
        """Return what there is to try."""

    def results(self, candidate: AuthorityCandidate) -> Iterator[tuple[Place, Result]]:
        """Try it everywhere, several at once; yield what comes out, as it comes."""


_triers: list[Trier] = []


def try_with(trier: Trier) -> None:
    """Let *trier* try. Called once, by the app that knows how."""
    _triers[:] = [trier]


def carry_out(candidate: AuthorityCandidate, *, still_ours: Callable[[], bool]) -> bool:
    """Try *candidate* everywhere and write down what comes out; return whether it came to its end.

    :param still_ours: asked after each result; once it says no, nothing more is written
    """
    (trier,) = _triers
    candidate.tries.all().delete()
    AuthorityTry.objects.bulk_create(AuthorityTry(candidate=candidate, **asdict(place)) for place in trier.places(candidate.authority))
    for place, result in trier.results(candidate):
        if not still_ours():
            return False
        told = {name: _storable(getattr(result, name)) for name in ("said", "issuer")}
        AuthorityTry.objects.filter(candidate=candidate, api=place.api, gateway=place.gateway).update(**asdict(result) | told)
    candidate.tries.filter(outcome=Outcome.WAITING).delete()  # a gateway or an API that has gone meanwhile
    return still_ours()


def _storable(said: str) -> str:
    """Return what a stranger's server has said as every database takes it."""
    return said.replace("\0", "\N{REPLACEMENT CHARACTER}")[:_LONGEST]
