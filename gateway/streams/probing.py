"""Probes: a TLS handshake from a gateway's own place, asked for by the portal (:mod:`apis.handshake`), and how it travels. [pure]

The portal puts a question down, the control plane that feeds the gateway hands it on over the gateway's channel, its agent shakes hands
and says what it has seen. Nothing is sent to the back end but the handshake and, where a path is named, one request for it.
"""

from __future__ import annotations

import json

from apis.handshake.seen import Seen

METHOD = "/portal.gateway.Probing/Probes"  # answers in, questions out, each a JSON object


def answer(question: str, seen: Seen) -> bytes:
    """Return what was seen as the answer to the question of this id, as it travels."""
    return json.dumps({"id": question, "seen": seen.as_object()}).encode()


def answered(said: bytes) -> tuple[str, Seen]:
    """Return the id of the question and what was seen.

    :raises ValueError: if it is no answer
    """
    match json.loads(said):
        case {"id": str(question), "seen": dict(seen)}:
            return question, Seen.of(seen)
        case _:
            raise ValueError("This is no answer.")
