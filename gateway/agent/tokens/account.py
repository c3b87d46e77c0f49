"""One source of tokens: the token that there is, and when the next attempt is due. Without a clock or a network of its own. [pure]"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from gateway.agent.tokens.fetching import Token
from gateway.compile.backends.token_source import TokenSource

_RENEWED_AFTER = 2 / 3  # of its life
_JITTER = 0.1  # so that gateways do not ask all at once
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0  # between attempts that fail
_DOUBLINGS = 10
_FIRST_HASTE, _LAST_HASTE = 5.0, 300.0  # between attempts because a back end refuses calls, for which the token need not be the reason
_LEAST_PAUSE = 0.5  # however short tokens last


@dataclass(slots=True)
class Account:
    """What is known of one source; moments are of a monotonic clock.

    :ivar value: the token that calls carry; empty: there is none
    :ivar asked: when the token that there is was asked for
    :ivar tried: whether an attempt has ended
    :ivar in_haste: whether calls were refused with the token that there is
    :ivar hastened: how many tokens in a row were asked for because of that
    """

    source: TokenSource
    due: float
    asked: float = float("-inf")
    value: str = field(default="", repr=False)
    ends: float = 0.0
    error: str = ""
    failed: int = 0
    fetched: int = 0
    tried: bool = False
    in_haste: bool = False
    hastened: int = 0

    def take(self, token: Token, *, asked: float) -> None:
        """Use *token*, which was asked for at this moment, from now on."""
        self.value, self.asked, self.ends = token.value, asked, asked + token.seconds
        self.due = asked + token.seconds * _RENEWED_AFTER * random.uniform(1 - _JITTER, 1)  # noqa: S311 - nothing secret
        self.due = max(self.due, asked + _LEAST_PAUSE)
        self.error, self.failed, self.tried = "", 0, True
        self.hastened, self.in_haste = self.hastened + 1 if self.in_haste else 0, False
        self.fetched += 1

    def resume(self, token: Token, *, at: float) -> None:
        """Use *token*, which an agent before this one has fetched, until another one is there."""
        self.value, self.ends = token.value, at + token.seconds

    def left(self, *, at: float) -> Token | None:
        """Return the token that there is, with what is left of its life."""
        return Token(value=self.value, seconds=self.ends - at) if self.value else None

    def fail(self, error: str, *, at: float) -> None:
        """Go on with the token that there is until it ends, and try again after a while, longer each time."""
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(self.failed, _DOUBLINGS))
        self.due = at + pause * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - nothing secret
        self.error, self.failed, self.tried = error, self.failed + 1, True

    def refused(self, *, at: float) -> None:
        """Ask for another token before this one ends: a back end has refused it, perhaps because it was revoked."""
        if self.value and not self.failed:
            pause = min(_LAST_HASTE, _FIRST_HASTE * 2 ** min(self.hastened, _DOUBLINGS))
            self.due, self.in_haste = min(self.due, max(at, self.asked + pause)), True

    def end(self, *, at: float) -> bool:
        """Drop a token that has ended by now; return whether one has."""
        if not self.value or at < self.ends:
            return False
        self.value = ""
        return True

    def next_moment(self) -> float:
        """Return when there is something to do next."""
        return min(self.due, self.ends) if self.value else self.due

    def inherit(self, before: Account) -> None:
        """Use the token of the account before while the first attempt is under way, where it is the same client's."""
        if before.source.who == self.source.who:
            self.value, self.asked, self.ends = before.value, before.asked, before.ends
