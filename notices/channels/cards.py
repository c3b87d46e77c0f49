"""What the forms of chat services have in common."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from notices.messages import Item

MOST_ITEMS = 10  # a card is read at a glance; the rest is counted, and stands in the portal
_MARKS = re.compile(r"([\\`*_\[\]<>~|])")  # not at the beginning of lines, where more would be


def body(content: dict[str, Any]) -> bytes:
    """Return *content* as it is posted."""
    return json.dumps(content, ensure_ascii=False).encode()


def fitting(card: Callable[[int], dict[str, Any]], most: int) -> bytes:
    """Return what *card* makes of as many items, ten at most, as *most* octets hold: services refuse what is longer, all of it.

    :param card: returns the content with the first so many items, the rest counted
    """
    posted = (body(card(number)) for number in range(MOST_ITEMS, 0, -1))
    return next((one for one in posted if len(one) <= most), None) or body(card(0))


def lines_of(item: Item) -> str:
    """Return an item as plain text."""
    return "\n".join([item.sentence, *(f"{label}: {value}" for label, value in item.facts)])


def escaped(text: str) -> str:
    """Return *text* so that Markdown shows it as it is: names and subjects are strangers' words, and could hold links."""
    return _MARKS.sub(r"\\\1", text)


def cut(text: str, length: int) -> str:
    """Return *text*, or its beginning."""
    return text if len(text) <= length else f"{text[: length - 1]}…"
