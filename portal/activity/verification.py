"""Whether the log is as the portal wrote it: which lines were changed, removed or inserted.

What the chain cannot tell: that somebody has put an older state of the whole database in its place. An *anchor*, number and link of a
line as noted elsewhere (this check, an export and forwarded lines tell them), shows that, too.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from portal.activity import chain
from portal.activity.keys import keys
from portal.models import Activity, ActivityHead, Event
from portal.whole_numbers import whole_number

_COLUMNS = (*chain.FIELDS, "seal", "link")
_CHUNK = 2000


class Wrong(enum.StrEnum):
    """What was done to a line."""

    CHANGED = "changed"
    INSERTED = "inserted"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as the portal wrote it.

    :ivar line: the number of the line, of several of the first
    """

    what: Wrong
    line: int
    sentence: str


@dataclass(slots=True)
class Report:
    """What was found.

    :ivar lines: how many lines were looked at
    :ivar first, last: their numbers
    :ivar link: of the newest line: together with its number the anchor to note elsewhere
    """

    lines: int = 0
    first: int = 0
    last: int = 0
    link: str = chain.BEGINNING
    findings: list[Finding] = field(default_factory=list)

    def add(self, what: Wrong, line: int, sentence: str) -> None:
        """Add a finding."""
        self.findings.append(Finding(what=what, line=line, sentence=sentence))


@dataclass(frozen=True, slots=True)
class Anchor:
    """A line as noted elsewhere."""

    line: int
    link: str

    @classmethod
    def parse(cls, text: str) -> Anchor:
        """Return the anchor written as ``NUMBER:LINK``.

        :raises ValueError: if it is not of that form
        """
        said, _, link = text.partition(":")
        if (number := whole_number(said)) is None or len(link) != 64:  # noqa: PLR2004 - hex digits of SHA-256
            raise ValueError("An anchor is the number of a line, a colon and the 64 digits of its link, as `activity verify` tells it.")
        return cls(number, link.lower())


def verify(anchors: Sequence[Anchor] = ()) -> Report:
    """Look at every line, from the first that was not trimmed. Lines may be written meanwhile."""
    known = keys()
    while True:
        report, beginning, reading = Report(), _beginning(known), _Reading()
        _follow(report, known, beginning, reading)
        _check_head(report, known, reading.head)
        if not report.findings or _beginning(known) == beginning:
            break  # else lines were trimmed meanwhile
    for anchor in anchors:
        _check_anchor(report, anchor)
    return report


def _beginning(known: Sequence[bytes]) -> Anchor:
    """Return the last line that was trimmed, as the line of that trimming tells; if none was, what stands before the first line."""
    line = Activity.objects.filter(event=Event.LOG_TRIMMED).order_by("-id").values(*_COLUMNS).first()
    if line and _key_of(line, known) and str(line["subject_id"]).isdecimal():
        return Anchor(int(line["subject_id"]), str(line["details"].get("link")))
    return Anchor(0, chain.BEGINNING)


def _follow(report: Report, known: Sequence[bytes], before: Anchor, reading: _Reading) -> None:
    """Go from line to line.

    After a line that is not as it was written, the next one tells by its link whether that line was changed (it follows it) or
    inserted (it follows the one before).
    """
    trimmed, suspect = before.line, 0
    links = [before.link]  # that the next line may follow
    for line in reading.lines():
        number, last = line["id"], max(report.last, trimmed)
        report.lines += 1
        report.first = report.first or number
        report.last, report.link = number, line["link"]
        key = _key_of(line, known)
        if number <= trimmed:
            report.add(Wrong.INSERTED, number, f"Line {number} was inserted: lines up to {trimmed} were trimmed.")
            continue
        if key is None:
            if suspect:
                _judge(report, suspect, inserted=False)
            suspect, links = number, [line["link"], *links]
            continue
        followed = next((at for at, link in enumerate(links) if chain.same(line["link"], chain.link_of(key, link, line["seal"]))), None)
        if suspect:
            _judge(report, suspect, inserted=followed is not None and followed > 0)
        if followed is None:
            _miss(report, last, number)
        suspect, links = 0, [line["link"]]
    if suspect:
        _judge(report, suspect, inserted=False)


def _miss(report: Report, last: int, number: int) -> None:
    """Say what is missing between line *last* and line *number*, which does not follow it."""
    match number - last - 1:
        case 0:
            report.add(
                Wrong.MISSING, number, f"Line {number} does not follow the line before it: lines were exchanged, or the head was lost."
            )
        case 1:
            report.add(Wrong.MISSING, last + 1, f"Line {last + 1} is missing.")
        case _:
            report.add(Wrong.MISSING, last + 1, f"Lines {last + 1} to {number - 1} are missing.")


def _judge(report: Report, suspect: int, *, inserted: bool) -> None:
    if inserted:
        report.add(Wrong.INSERTED, suspect, f"Line {suspect} was inserted: the portal did not write it.")
    else:
        report.add(Wrong.CHANGED, suspect, f"Line {suspect} was changed: it is not as the portal wrote it.")


def _key_of(line: dict[str, Any], known: Sequence[bytes]) -> bytes | None:
    """Return the key that has sealed a line as it is; ``None`` if none has."""
    try:
        content = [(key, chain.seal_of(key, line)) for key in known]
    except (TypeError, ValueError, RecursionError):  # it holds what no line can hold
        return None
    return next((key for key, seal in content if chain.same(str(line["seal"]), seal)), None)


class _Reading:
    """Reads the lines while others may be written.

    :ivar head: what the head was when there were no more lines; each is written together with the head
    """

    def __init__(self) -> None:
        self.head: ActivityHead | None = None

    def lines(self) -> Iterator[dict[str, Any]]:
        """Return the lines, oldest first; one that cannot even be read as what is wrong with it."""
        last = -(2**63)
        while True:
            self.head = ActivityHead.objects.first()
            numbers = list(Activity.objects.filter(id__gt=last).order_by("id").values_list("id", flat=True)[:_CHUNK])
            if not numbers:
                return
            chunk = Activity.objects.filter(id__gt=last, id__lte=numbers[-1]).order_by("id").values(*_COLUMNS)
            try:
                yield from list(chunk)
            except (TypeError, ValueError, OverflowError):
                yield from map(_one, numbers)
            last = numbers[-1]


def _one(number: int) -> dict[str, Any]:
    try:
        return dict(Activity.objects.filter(id=number).values(*_COLUMNS).get())
    except (TypeError, ValueError, OverflowError):  # SQLite keeps any text as a moment
        link = Activity.objects.filter(id=number).values_list("link", flat=True).get()
        return dict.fromkeys(_COLUMNS) | {"id": number, "link": link, "seal": ""}


def _check_head(report: Report, known: Sequence[bytes], head: ActivityHead | None) -> None:
    if head is None:
        if report.lines:
            report.add(Wrong.MISSING, report.last + 1, "The head of the log is gone, so lines may be missing at the end.")
        return
    if not any(chain.same(head.seal, chain.head_of(key, head.line, head.link)) for key in known):
        report.add(Wrong.CHANGED, report.last, "The head of the log was changed, so lines may be missing at the end.")
    elif report.last < head.line:
        report.add(Wrong.MISSING, report.last + 1, f"Lines {report.last + 1} to {head.line} are missing at the end.")
    elif report.last > head.line:
        report.add(Wrong.INSERTED, report.last, f"Lines after {head.line} were inserted: it is the newest that the portal wrote.")
    elif not chain.same(head.link, report.link):
        report.add(Wrong.CHANGED, report.last, f"Line {report.last} is not the one that the portal wrote last.")


def _check_anchor(report: Report, anchor: Anchor) -> None:
    link = Activity.objects.filter(id=anchor.line).values_list("link", flat=True).first()
    if link is None and report.first and 0 < anchor.line < report.first:
        return  # trimmed, which the chain has told already if it was not so
    if link is None:
        report.add(Wrong.MISSING, anchor.line, f"Line {anchor.line}, of which you have noted the link, is missing.")
    elif not chain.same(link, anchor.link):
        report.add(Wrong.CHANGED, anchor.line, f"Line {anchor.line} has another link than you have noted: it is another line.")
