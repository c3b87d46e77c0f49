"""Reading the log page by page gives each line that is wanted once, whatever the filter and however the lines are found."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from portal.activity import reading
from portal.activity.reading import may_see, narrowed, page_of, seen_by
from portal.activity.trimming import trim
from portal.activity.writing import write
from portal.models import Activity, ActivityName, Event

BEGUN = datetime(2026, 11, 1, tzinfo=UTC)
FILTERS: dict[str, dict[str, Any]] = {
    "all": {},
    "a kind": {"kind": "api"},
    "a kind for those who see people": {"kind": "sign-in"},
    "an event": {"kind": "api.created"},
    "a person": {"who": "one"},
    "the system": {"who": "-"},
    "nobody": {"who": "nobody"},
    "a person and a kind": {"who": "one", "kind": "api"},
    "a person and an event": {"who": "one", "kind": "token.used"},
    "one name": {"q": "name-7"},
    "some names": {"q": "NAME-1"},
    "many names": {"q": "name"},
    "no name": {"q": "elsewhere"},
    "names of a kind": {"q": "name-1", "kind": "gateway"},
    "names and an event": {"q": "name", "kind": "sign-in.failed"},
    "names and a person": {"q": "name", "who": "two"},
    "days": {"from": date(2026, 11, 2), "to": date(2026, 11, 3)},
    "days and names": {"from": date(2026, 11, 2), "q": "name-1"},
    "the first day": {"from": date(1, 1, 1), "to": date(9999, 12, 31)},
    "after the last day": {"from": date(9999, 12, 31)},
    "before the first day": {"to": date(1, 1, 1)},
}


@pytest.fixture
def lines(db: None) -> list[Activity]:
    """Return lines of a few days, about few things, by few people."""
    dice = random.Random(1)  # noqa: S311 - the same lines each time
    events = [Event.API_CREATED, Event.API_CHANGED, Event.GATEWAY_ADDED, Event.SIGN_IN_FAILED, Event.TOKEN_USED]
    made = [
        Activity(
            at=BEGUN + timedelta(minutes=30 * number),
            actor_name=dice.choice(["one", "two", ""]),
            event=dice.choice(events),
            subject_id="1",
            subject_name=f"Name-{dice.randrange(25)}",
        )
        for number in range(300)
    ]
    write(made)
    return made


def _wanted(line: Activity, wanted: dict[str, Any]) -> bool:
    who, day = wanted.get("who", line.actor_name), line.at.date()
    return (
        wanted.get("kind", line.event) in {line.kind, line.event}
        and line.actor_name == ("" if who == "-" else who)
        and wanted.get("q", "").lower() in line.subject_name.lower()
        and wanted.get("from", day) <= day <= wanted.get("to", day)
    )


@pytest.mark.parametrize(("few", "many"), [(30, 500), (4, 6), (0, 0)])
@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("role", ["administrator", "viewer"])
def test_each_line_that_is_wanted_is_on_one_page(
    lines: list[Activity], role: str, name: str, few: int, many: int, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_FEW_NAMES", few)
    monkeypatch.setattr(reading, "_MANY_NAMES", many)
    monkeypatch.setattr(reading, "LINES_PER_PAGE", 20)
    reader: User = request.getfixturevalue(role)
    wanted = FILTERS[name]
    expected = [line.id for line in reversed(lines) if may_see(reader, line.kind) and _wanted(line, wanted)]

    found = narrowed(seen_by(reader), wanted)
    page = page_of(found, {})
    pages = [page]
    while page.older:
        page = page_of(found, {"before": str(page.older)})
        pages.append(page)
    assert [line.id for one in pages for line in one.lines] == expected
    if len(pages) > 2:
        assert page_of(found, {"after": str(pages[-1].newer)}).lines == pages[-2].lines


def test_names_go_with_their_lines(lines: list[Activity]) -> None:
    assert set(ActivityName.objects.values_list("kind", "name")) == {(line.kind, line.subject_name) for line in lines}
    trim(before=BEGUN + timedelta(days=30), by=None, now=BEGUN + timedelta(days=31))
    assert list(ActivityName.objects.values_list("kind", flat=True)) == ["log"]
