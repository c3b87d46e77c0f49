"""The activity log at a million lines: its pages, a change, the check of the chain, an export. ``python -m benchmarks.activity``

On a database of its own, SQLite unless ``DATABASE_URL`` says otherwise. Pages are answered in this process, without a server.
"""

from __future__ import annotations

import io
import os
import random
import tempfile
import time
from argparse import Namespace
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from benchmarks.in_process import page, portal, took
from benchmarks.report import Row, options, percentile, progress, publish

if TYPE_CHECKING:
    from portal.models import Activity

PAGES = {
    "newest": "",
    "10,000 pages back": "?before=500000",
    "one kind": "?kind=certificate",
    "a rare event": "?kind=log.trimmed",
    "one person": "?who=person-7",
    "a person who did nothing": "?who=nobody",
    "a subject": "?q=api-777",
    "a subject that is not there": "?q=nowhere",
    "what many subjects hold": "?q=api",
    "one day, long ago": "?from=2026-01-10&to=2026-01-10",
    "a kind of a person who did nothing": "?who=nobody&kind=api",
    "a subject of a kind": "?q=777&kind=gateway",
    "an event that many subjects had": "?q=api&kind=api.created",
    "a person, a kind and a day": "?who=person-7&kind=api&from=2026-01-10&to=2026-01-10",
}


def main(arguments: Namespace) -> None:
    """Measure and publish."""
    lines, rounds = (2_000, 2) if arguments.quick else (arguments.lines, arguments.rounds)
    with tempfile.TemporaryDirectory(prefix="portal-benchmark-") as home:
        client = portal(home)
        progress(f"Writing {lines:,} lines …")
        writing = took(lambda: _fill(lines))
        _change()  # the API of the number 1
        pages = [page(client, title, f"/activity/{query}", rounds) for title, query in PAGES.items()]
        pages.append(page(client, "the history of one API", _history(), rounds))
        work: list[Row] = [
            {"": "writing a line of those", "ms": writing / lines},
            {"": "a change of one's own, with its line", "ms": percentile([took(_change) for _ in range(20 * rounds)], 0.5)},
            {"": "activity verify", "ms": took(_verify)},
            {"": "activity export", "ms": took(_export)},
        ]
        publish("activity", {f"Pages, {lines:,} lines": pages, "Work": work}, arguments, remarks=[f"Each page {rounds} times."])


def _fill(number: int) -> None:
    """Write lines of 500 people about 5,000 subjects, as if over the last year."""
    from portal.activity.writing import write
    from portal.models import Activity, Event

    dice = random.Random(1)  # noqa: S311 - the same lines each time
    events = [event for event in Event if event != Event.LOG_TRIMMED]
    begun = datetime.fromisoformat("2025-11-26T00:00:00+00:00")

    def lines(first: int, last: int) -> Iterator[Activity]:
        for one in range(first, last):
            event = dice.choice(events)
            subject = f"{event.partition('.')[0]}-{dice.randrange(5000)}"
            yield Activity(
                at=begun + timedelta(days=365) * (one / number),
                actor_name=f"person-{dice.randrange(500)}",
                event=event,
                subject_id=str(dice.randrange(5000)),
                subject_name=subject,
                details={"path": subject},
                changes={"service_url": ["https://old.example.com", "https://new.example.com"]},
            )

    for first in range(0, number, 50_000):
        write(lines(first, min(first + 50_000, number)))


def _history() -> str:
    """Return the address of the history of the first API, which some of the lines are about."""
    from django.urls import reverse

    from apis.models import Api

    return reverse("apis:history", kwargs={"name": Api.objects.order_by("pk")[0].name})


def _change() -> None:
    from django.utils import timezone

    from apis import actions

    chosen = actions.ApiSettings(display_name="Orders", service_url="https://orders.example.com", path=f"orders-{time.monotonic_ns()}")
    actions.create_api(chosen.path, chosen, by=None, now=timezone.now())


def _verify() -> None:
    from portal.activity.verification import verify

    assert not verify().findings


def _export() -> None:
    from django.core.management import call_command

    call_command("activity", "export", stdout=io.TextIOWrapper(open(os.devnull, "wb")))  # noqa: PTH123, SIM115 - nowhere


if __name__ == "__main__":
    parser = options("Measure the activity log.")
    parser.add_argument("--lines", type=int, default=1_000_000, help="how many (1,000,000)")
    parser.add_argument("--rounds", type=int, default=10, help="how often each page is asked for (10)")
    main(parser.parse_args())
