"""Whether a change is live: what pages and the REST API say of it, and from whom they know.

The gateway app knows; it stands above the apps that ask, beside the REST API, and so it enters its answer here when it starts.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


class Kind(enum.StrEnum):
    """What can be live; the word is the one before the dot of its events."""

    API = "api"
    CERTIFICATE = "certificate"
    SERVER_CERTIFICATE = "server-certificate"
    SUBSCRIPTION = "subscription"
    AUTHORITY = "authority"


class State(enum.StrEnum):
    """How far a change has come."""

    LIVE = "live"
    WAITING = "waiting"
    REFUSED = "refused"
    NOWHERE = "nowhere"  # no gateway is connected


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far it has come on one gateway."""

    gateway: str
    state: State
    milliseconds: int | None = None  # from the change to its being live, where that was measured
    reason: str = ""  # of a refusal, Envoy's words
    explanation: str = ""  # of a refusal, a sentence in the reader's language, where there is one
    presents: int | None = None  # the version of the certificate that is presented in place of a refused one; None: calls are refused


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveStatus:
    """Whether the newest change of something is live.

    :ivar change: the id of its activity line; ``None`` if there is no line of it
    :ivar problem: why the portal itself could not prepare it, so that its calls are refused; empty if it could
    :ivar certificate: the name of the entry that the thing is, or presents; empty if there is none
    :ivar version: the number of its current version
    :ivar away: gateways that were connected within the last day and are not now; they go on with what they have
    """

    change: int | None
    changed_at: datetime | None
    changed_by: str
    standings: tuple[Standing, ...]
    problem: str = ""
    away: tuple[str, ...] = ()
    certificate: str = ""
    version: int | None = None

    @property
    def state(self) -> State:
        """How far it has come altogether: a refusal outweighs waiting, waiting outweighs live."""
        if self.problem:
            return State.REFUSED
        states = {standing.state for standing in self.standings} or {State.NOWHERE}
        return next(state for state in (State.REFUSED, State.WAITING, State.LIVE, State.NOWHERE) if state in states)

    @property
    def settled(self) -> bool:
        """Whether nothing more is to be expected."""
        return self.state in {State.LIVE, State.REFUSED} and not self.waiting

    @property
    def live(self) -> tuple[Standing, ...]:
        """The gateways it is live on."""
        return tuple(standing for standing in self.standings if standing.state is State.LIVE)

    @property
    def waiting(self) -> tuple[Standing, ...]:
        """The gateways that have yet to confirm it."""
        return tuple(standing for standing in self.standings if standing.state is State.WAITING)

    @property
    def refused(self) -> tuple[Standing, ...]:
        """The gateways that have refused it."""
        return tuple(standing for standing in self.standings if standing.state is State.REFUSED)

    @property
    def presented_instead(self) -> int | None:
        """The newest version that is presented somewhere in place of the current one, which is what one would roll back to."""
        return max((standing.presents for standing in self.refused if standing.presents), default=None)

    @property
    def milliseconds(self) -> int | None:
        """How long it took to be live on all of them, where that was measured."""
        measured = [standing.milliseconds for standing in self.live if standing.milliseconds is not None]
        return max(measured) if measured and len(measured) == len(self.standings) else None


Answer = Callable[[Kind, int], LiveStatus]
_answers: list[Answer] = []


def answer_with(answer: Answer) -> None:
    """Let *answer* tell what is live, given the kind and id of something. Called once, by the app that knows."""
    _answers[:] = [answer]


def live_status(kind: Kind, pk: int) -> LiveStatus:
    """Return whether the newest change of the thing of this *kind* and id is live. At most six queries."""
    (answer,) = _answers
    return answer(kind, pk)
