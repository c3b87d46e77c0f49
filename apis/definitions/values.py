"""Looking at values that may be anything: documents have numbers where texts belong, and texts where there should be objects. [pure]"""

from __future__ import annotations

from typing import Any


def mapping(value: Any) -> dict[str, Any]:
    """Return an object, an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}


def sequence(value: Any) -> list[Any]:
    """Return a list, an empty one in place of anything else."""
    return value if isinstance(value, list) else []


def text(value: Any) -> str:
    """Return a text; numbers and truth values as JSON writes them, anything else as nothing."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else ""


def texts(value: Any) -> tuple[str, ...]:
    """Return the texts of a list; a single text counts as a list of it."""
    found = [value] if isinstance(value, str) else sequence(value)
    return tuple(one for one in map(text, found) if one)
