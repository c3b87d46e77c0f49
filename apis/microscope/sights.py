"""Looking from everywhere at once, within bounds: few tests at a time, each for seconds only.

The gateway app knows the gateways and how they are asked. It stands above this one, and so it enters its answer here when it starts.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TypeVar

from apis.handshake.seen import Seen
from apis.microscope.subject import Subject
from portal.turns import Turns

_AT_ONCE = 8  # of one test
_SECONDS = 12.0
_turns = Turns(at_once=2, waiting=2, seconds=2)  # each holds a thread of the server for as long as the slowest place takes
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What was seen from one place.

    :ivar gateway: its name; empty: the portal itself
    :ivar seen: ``None``: nothing
    :ivar said: why not, in a sentence
    """

    gateway: str
    seen: Seen | None
    said: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """From where to look, and how."""

    gateway: str
    look: Callable[[], Sight]


@dataclass(frozen=True, slots=True)
class Around:
    """The places from where to look, gateways first.

    :ivar gateways: how many gateways are connected; of a fleet not all are places
    """

    places: list[Place]
    gateways: int = 0


Places = Callable[[Subject], Around]
_answers: list[Places] = []


def places_by(places: Places) -> None:
    """Let *places* tell from where there is to look. Called once, by the app that knows."""
    _answers[:] = [places]


def look(subject: Subject, meanwhile: Callable[[], T]) -> tuple[list[Sight], int, T]:
    """Look at the back end of *subject* from everywhere; return what was seen, how many gateways there are, and what was done *meanwhile*.

    :raises portal.turns.Busy: if too many tests are under way
    """
    with _turns.turn():
        (places,) = _answers
        around = places(subject)
        pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="microscope")
        try:
            running = [pool.submit(one.look) for one in around.places]
            done = meanwhile()
            wait(running, timeout=_SECONDS)
            return [_result(one, place) for one, place in zip(running, around.places, strict=True)], around.gateways, done
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _result(running: Future[Sight], place: Place) -> Sight:
    return running.result() if running.done() and not running.cancelled() else Sight(gateway=place.gateway, seen=None)
