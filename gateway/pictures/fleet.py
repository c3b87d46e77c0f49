"""Who is fed by whom: control planes, and the gateways that have come to each."""

from __future__ import annotations

import enum
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from gateway.models import Gateway
from gateway.pictures.curves import curves

MOST_DRAWN = 12  # gateways of one control plane; the table has all


class Feed(enum.StrEnum):
    """How it stands between a gateway and what feeds it; the worst first."""

    REFUSES = "refuses"
    AWAY = "away"
    BEHIND = "behind"
    NEVER = "never"
    CURRENT = "current"

    @property
    def is_broken(self) -> bool:
        """Whether changes do not arrive."""
        return self in {Feed.REFUSES, Feed.AWAY}


@dataclass(frozen=True, slots=True)
class Fed:
    """A gateway, how it is fed, and the line that leads to it."""

    gateway: Gateway
    feed: Feed
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """A control plane and the gateways that came to it last.

    :ivar name: the machine that it runs on; empty: none has fed them yet
    :ivar reached: how many of its gateways it reaches now
    :ivar more: how many more there are than are drawn
    :ivar path: the line that leads to it
    """

    name: str
    gateways: tuple[Fed, ...]
    reached: int
    more: int
    path: str = ""

    @property
    def rows(self) -> int:
        """How high it is drawn."""
        return len(self.gateways) + bool(self.more)

    @property
    def number(self) -> int:
        """How many gateways came to it last."""
        return len(self.gateways) + self.more

    @property
    def is_here(self) -> bool:
        """Whether it runs on the portal's own machine."""
        return self.name == socket.gethostname()

    @property
    def is_broken(self) -> bool:
        """Whether it reaches none of its gateways."""
        return all(one.feed.is_broken for one in self.gateways)


def feed_of(gateway: Gateway, newest: int) -> Feed:
    """Return how *gateway* is fed, of which is known whether it is connected and how much it refuses.

    :param newest: the newest change
    """
    if not gateway.is_connected:
        return Feed.AWAY if gateway.connected_at else Feed.NEVER
    if gateway.__dict__["refused"]:
        return Feed.REFUSES
    return Feed.BEHIND if gateway.applied_change < newest else Feed.CURRENT


def fleet(gateways: Iterable[Gateway], newest: int) -> tuple[Plane, ...]:
    """Return the control planes with their gateways, those that need somebody first."""
    ordered = sorted((one.fed_by, list(Feed).index(feed_of(one, newest)), one.name, one) for one in gateways)
    planes = [_plane(name, [row[-1] for row in rows], newest) for name, rows in groupby(ordered, key=lambda row: row[0])]
    paths = curves([plane.rows for plane in planes])
    return tuple(replace(plane, path=path) for plane, path in zip(planes, paths, strict=True))


def _plane(name: str, gateways: Sequence[Gateway], newest: int) -> Plane:
    drawn = gateways[:MOST_DRAWN]
    more = len(gateways) - len(drawn)
    paths = curves([1] * (len(drawn) + bool(more)))
    fed = tuple(Fed(one, feed_of(one, newest), path) for one, path in zip(drawn, paths, strict=False))
    return Plane(name=name, gateways=fed, reached=sum(one.is_connected for one in gateways), more=more)
