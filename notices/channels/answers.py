"""What services answer."""

from __future__ import annotations

import json

from notices.posting import Answer

_TAKEN = range(200, 300)


def by_status(answer: Answer) -> str:
    """Return why a service that says it by the status has not taken a message; empty: it has."""
    return "" if answer.status in _TAKEN else f"HTTP {answer.status}"


def by_code(answer: Answer, *names: str) -> str:
    """Return why a service that answers 200 and a code in JSON, under the first of *names* that is there, has not taken a message."""
    if refusal := by_status(answer):
        return refusal
    try:
        said = json.loads(answer.body)
    except (ValueError, RecursionError):
        return "JSON?"
    code = next((said[name] for name in names if name in said), 0) if isinstance(said, dict) else "?"
    return "" if code == 0 else f"{names[0]} {code}" if isinstance(code, int) else f"{names[0]} ?"
