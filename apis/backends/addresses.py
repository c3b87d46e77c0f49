"""The addresses of a back end: as they are written, one a line, as they are kept, and as values. [pure]"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from apis.policy.model import Address

MOST = 50
MOST_WEIGHT, MOST_PRIORITY = 1000, 100
_LINE = re.compile(r"(?P<url>(?:\{\{[^{}]*\}\}|\S)+)(?P<rest>.*)\Z")  # blanks are part of it between the braces of a named value
_WORD = re.compile(r"(weight|priority)=([0-9]{1,4})\Z")
_PORTS = {"https": 443, "http": 80}
Kept = Mapping[str, Any]


class BadLine(ValueError):
    """A line that is not an address; the message holds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An address as somebody has written it; the URL is not judged yet."""

    url: str
    weight: int = 1
    priority: int = 0
    written: str = ""  # what names values and comes to the URL

    def kept(self) -> dict[str, Any]:
        """Return it as it is kept."""
        found = {"url": self.url, "weight": self.weight, "priority": self.priority}
        return found | ({"written": self.written} if self.written else {})


def lines_of(text: str) -> list[Line]:
    """Return the addresses in *text*, one a line: a URL, and if need be ``weight=3`` and ``priority=1`` behind it.

    :raises BadLine: with the first line that is not of this form, or whose numbers are out of bounds
    """
    return [_line(line.strip()) for line in text.splitlines() if line.strip()]


def _line(text: str) -> Line:
    found = _LINE.match(text)
    words = [_WORD.match(word) for word in found["rest"].split()] if found else []
    if found is None or not all(words):
        raise BadLine(text)
    numbers = {word[1]: int(word[2]) for word in words if word}
    if len(numbers) < len(words) or not 1 <= numbers.get("weight", 1) <= MOST_WEIGHT or numbers.get("priority", 0) > MOST_PRIORITY:
        raise BadLine(text)
    return Line(url=found["url"], weight=numbers.get("weight", 1), priority=numbers.get("priority", 0))


def as_text(kept: Sequence[Kept]) -> str:
    """Return addresses as :func:`lines_of` reads them."""
    return "\n".join(_as_line(one, one.get("written") or one["url"]) for one in kept)


def told(kept: Sequence[Kept]) -> list[str]:
    """Return addresses as they were written, those of a pool by the names of its members."""
    return [_as_line(one, one.get("member") or one.get("written") or one["url"]) for one in kept]


def _as_line(one: Kept, place: str) -> str:
    weight = f" weight={one['weight']}" if one.get("weight", 1) != 1 else ""
    priority = f" priority={one['priority']}" if one.get("priority") else ""
    return f"{place}{weight}{priority}"


def is_alike(urls: Sequence[str]) -> bool:
    """Return whether *urls* differ in host and port only: calls go to any of them, under the same path."""
    return len({(parts.scheme, parts.path.rstrip("/")) for parts in map(urlsplit, urls)}) <= 1


def parsed(kept: Kept) -> Address:
    """Return the value of an address."""
    url = urlsplit(kept["url"])
    return Address(
        host=url.hostname or "",
        port=url.port or _PORTS[url.scheme],
        weight=int(kept.get("weight", 1)),
        priority=int(kept.get("priority", 0)),
    )
