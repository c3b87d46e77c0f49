"""Showing a candidate to the back ends of the APIs that present its entry, before any caller meets it.

The gateway app knows the APIs, the gateways and how to shake hands. It stands above this one, and so it enters its answers here when
it starts. What each try has shown is a :class:`certificates.rollout.proposals.TriedAt`, written as it comes.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Protocol

from certificates.rollout.proposals import FINE, Outcome, Proposal

_MOST_ISSUERS = 100  # some servers name every authority that they know
_LONGEST = 500  # characters


class Reason(enum.StrEnum):
    """Why a try has come out as it has; :mod:`certificates.rollout.words` holds a sentence for each."""

    HANDSHAKE = "handshake"  # it succeeded, the certificate was asked for and shown
    ANSWER = "answer"  # and the back end answered
    NOT_ASKED = "not-asked"
    ALERT = "alert"
    BROKEN_OFF = "broken-off"
    REFUSING_ANSWER = "refusing-answer"
    NO_NAME = "no-name"
    NO_CONNECTION = "no-connection"
    NO_HANDSHAKE = "no-handshake"  # it failed before the certificate mattered
    FAILING_ANSWER = "failing-answer"
    NO_ANSWER = "no-answer"
    NO_GATEWAY = "no-gateway"
    NOT_OPENED = "not-opened"  # the private key


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One API, and from where its back end is tried."""

    api: str
    display_name: str
    back_end: str
    gateway: str  # empty: the portal itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one try has shown."""

    outcome: Outcome
    reason: Reason
    said: str = ""
    issuers: list[str]
    status: int | None = None
    milliseconds: int = 0


class Trier(Protocol):
    """What the gateway app knows to do."""

    def places(self, proposal: Proposal) -> list[Place]:
        """Return what there is to try."""

    def back_ends(self, proposal: Proposal) -> dict[str, str]:
        """Return which back end each API leads to, by the API's name, as :attr:`Place.back_end` says it."""

    def results(self, proposal: Proposal) -> Iterator[tuple[Place, Result]]:
        """Try it everywhere, several at once; yield what comes out, as it comes."""


_triers: list[Trier] = []


def try_with(trier: Trier) -> None:
    """Let *trier* try. Called once, by the app that knows how."""
    _triers[:] = [trier]


def carry_out(proposal: Proposal, *, still_ours: Callable[[], bool]) -> bool:
    """Try *proposal* everywhere and write down what comes out; return whether it came to its end.

    :param still_ours: asked after each result; once it says no, nothing more is written
    """
    (trier,) = _triers
    proposal.tries.all().delete()
    proposal.tries.bulk_create([proposal.new_try(**asdict(place)) for place in trier.places(proposal)])
    for place, result in trier.results(proposal):
        if not still_ours():
            return False
        row = proposal.tries.filter(api=place.api, gateway=place.gateway)
        told = {"said": _storable(result.said), "issuers": [_storable(issuer) for issuer in result.issuers[:_MOST_ISSUERS]]}
        row.update(**asdict(result) | told)
    proposal.tries.filter(outcome=Outcome.WAITING).delete()  # a gateway or an API that has gone meanwhile
    return still_ours()


def _storable(said: str) -> str:
    """Return what a stranger's server has said as every database takes it."""
    return said.replace("\0", "\N{REPLACEMENT CHARACTER}")[:_LONGEST]


def is_accepted(proposal: Proposal) -> bool:
    """Return whether its last try has ended, and well everywhere that calls come from: at the gateways, if there are any.

    The portal may stand in another network than the gateways. What it sees of an API decides only where no gateway has seen that API.
    """
    return proposal.is_tried and not refusing(proposal)


def accepting(proposal: Proposal) -> set[str]:
    """Return the APIs, by name, whose back ends have accepted it everywhere that calls come from."""
    return {api for api, _gateway, _outcome in _came_out(proposal)} - refusing(proposal)


def still_accepting(proposal: Proposal) -> set[str]:
    """Return those of :func:`accepting` whose back ends are those that were tried: an API may lead elsewhere by now."""
    (trier,) = _triers
    leads_to = trier.back_ends(proposal)
    tried = dict(proposal.tries.order_by().values_list("api", "back_end"))
    return {api for api in accepting(proposal) if leads_to.get(api) == tried[api]}


def refusing(proposal: Proposal) -> set[str]:
    """Return the APIs, by name, whose back ends have not accepted it everywhere that calls come from."""
    tries = _came_out(proposal)
    seen_by_gateways = {api for api, gateway, _outcome in tries if gateway}
    return {api for api, gateway, outcome in tries if outcome not in FINE and (gateway or api not in seen_by_gateways)}


def _came_out(proposal: Proposal) -> list[tuple[str, str, str]]:
    """Return API, gateway and outcome of each try; those that were fetched already are not asked for again."""
    if "tries" in getattr(proposal, "_prefetched_objects_cache", {}):
        return [(one.api, one.gateway, one.outcome) for one in proposal.tries.all()]
    return list(proposal.tries.order_by().values_list("api", "gateway", "outcome"))
