"""Through what somebody acts who does not act themselves: an access token, which another person may have made."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Through:
    """A token.

    :ivar token: its name
    :ivar identifier: what finds it
    :ivar made_by: the name of who made it; empty: the system itself
    """

    token: str
    identifier: str
    made_by: str


_through: ContextVar[Through | None] = ContextVar("through", default=None)


@contextlib.contextmanager
def acting_through(through: Through) -> Iterator[None]:
    """Let every line that is written meanwhile, in this thread, name *through*."""
    token = _through.set(through)
    try:
        yield
    finally:
        _through.reset(token)


def current() -> dict[str, str]:
    """Return through what is acted just now, as lines hold it; empty: people act themselves."""
    through = _through.get()
    return asdict(through) if through else {}
