"""How a gateway gets on with the tokens that its calls carry, as its agent tells it to a control plane. Never a token itself. [pure]"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

METHOD = "/portal.gateway.Tokens/Tell"  # all that there is in, nothing out
_LONGEST = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenState:
    """How it is with one API's token.

    :ivar api_id: whose calls carry it
    :ivar ends_in: after how many seconds the one that is used ends; ``None``: there is none, and calls are refused
    :ivar error: why the last attempt to get one failed, in a few words; empty: it did not
    :ivar failed: how many attempts in a row have failed
    :ivar fetched: how many were got since the agent began
    """

    api_id: int
    ends_in: float | None = None
    error: str = ""
    failed: int = 0
    fetched: int = 0


def encoded(states: Sequence[TokenState]) -> bytes:
    """Return *states* as they travel."""
    return json.dumps([asdict(one) for one in states]).encode()


def decoded(said: bytes) -> list[TokenState]:
    """Return what has travelled.

    :raises ValueError: if it is something else
    """
    try:
        states = [_state(one) for one in json.loads(said)]
    except (KeyError, TypeError, OverflowError, RecursionError) as error:
        raise ValueError("These are no states of tokens.") from error
    if len({one.api_id for one in states}) < len(states):
        raise ValueError("An API stands here twice.")
    return states


def _state(said: dict[str, Any]) -> TokenState:
    ends_in = said["ends_in"]
    return TokenState(
        api_id=int(said["api_id"]),
        ends_in=None if ends_in is None else float(ends_in),
        error=str(said["error"])[:_LONGEST],
        failed=int(said["failed"]),
        fetched=int(said["fetched"]),
    )
