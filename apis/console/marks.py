"""How a test call is marked, so that the gateway tells what it did with it: a trace context (W3C Trace Context, 3.2 and 3.3). [pure]

Both headers go on to the back end, as they are meant to: its own traces find the call by the same id.
"""

from __future__ import annotations

import re
import secrets

TRACE_HEADER, STATE_HEADER = "traceparent", "tracestate"
TRACE_STATE = "publisher-portal=test"
_PARENT = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-0[01]\Z")


def new_trace() -> str:
    """Return the id of a call that nobody can guess."""
    return secrets.token_hex(16)


def marked(trace: str) -> dict[str, str]:
    """Return the headers of the call with this id."""
    return {TRACE_HEADER: f"00-{trace}-{secrets.token_hex(8)}-00", STATE_HEADER: TRACE_STATE}


def trace_of(parent: str) -> str:
    """Return the id in a ``traceparent``, empty if it is none of ours."""
    found = _PARENT.match(parent)
    return found[1] if found else ""
