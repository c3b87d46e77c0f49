"""The values of a line beside those of now, as the rows of a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from portal.history.restoring import Compared, Values
from portal.history.words import is_pair, label, pairs_of, shown
from portal.models import Activity


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One field. Empty values: a secret, of which nothing but the change is told; ``now`` is empty also where it is not known.

    :ivar gone: whether what it is a field of is there no more
    """

    label: str
    before: str = ""
    after: str = ""
    now: str = ""
    gone: bool = False


def rows_of(line: Activity, compared: Compared | None) -> list[Row]:
    """Return the rows of *line*; with the values of now, and with what belongs to its fields, where these are known."""
    pairs = pairs_of(line)
    values = {name: tuple(pair) for name, pair in pairs.items() if is_pair(pair)}
    if compared:
        values = {name: (_of(compared.before, name), _of(compared.after, name)) for name in compared.before or compared.after or {}}
    return [
        *(_row(line, name, pair, compared) for name, pair in values.items()),
        *(Row(label=label(line, name)) for name, pair in pairs.items() if not is_pair(pair)),
    ]


def _row(line: Activity, name: str, pair: tuple[Any, ...], compared: Compared | None) -> Row:
    before, after = (shown(line, name, value) for value in pair)
    now = shown(line, name, compared.now.get(name)) if compared and compared.now is not None else ""
    return Row(label=label(line, name), before=before, after=after, now=now, gone=compared is not None and compared.now is None)


def _of(values: Values | None, name: str) -> Any:
    return values.get(name) if values else None
