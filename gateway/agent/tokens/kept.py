"""Tokens on disk, sealed as the configuration is, so that a gateway that is started anew has them while no token endpoint answers. [pure]

A token is known by a digest of its source: with another secret, client or endpoint what was kept is nobody's.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from gateway.agent import kept
from gateway.agent.tokens.fetching import Token
from gateway.compile.backends.token_source import TokenSource

log = logging.getLogger(__name__)

_FORM = b"publisher portal: tokens of a gateway, 1\n"


def keep(home: Path, tokens: Mapping[TokenSource, Token]) -> None:
    """Put *tokens*, each with the seconds that are left of it, in place of those that were kept. A full disk is no reason to end.

    :param tokens: by source; none: nothing is kept
    """
    try:
        if not tokens:
            (home / kept.TOKENS).unlink(missing_ok=True)
            return
        said = {_digest(source): [token.value, time.time() + token.seconds] for source, token in tokens.items()}
        kept.seal(home, kept.TOKENS, _FORM, json.dumps(said).encode())
    except OSError as error:
        log.warning("Tokens could not be kept: %s.", error.strerror)


class Kept:
    """The tokens that were kept."""

    def __init__(self, home: Path) -> None:
        """Open them; those that do not open are fetched anew."""
        try:
            opened = kept.unseal(home, kept.TOKENS, len(_FORM))
        except (OSError, kept.Unreadable):
            opened = None
        self._said: dict[str, tuple[str, float]] = json.loads(opened[1]) if opened and opened[0] == _FORM else {}

    def take(self, source: TokenSource) -> Token | None:
        """Return the token of *source* with the seconds that are left of it, once; ``None`` if there is none, or it has ended."""
        value, ends = self._said.pop(_digest(source), ("", 0.0))
        seconds = ends - time.time()
        return Token(value=value, seconds=seconds) if seconds > 0 else None


def _digest(source: TokenSource) -> str:
    return hashlib.sha256(json.dumps(asdict(source), sort_keys=True).encode()).hexdigest()
