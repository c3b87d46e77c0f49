"""Old lines can be taken away; what is left can still be verified, and whoever follows misses nothing."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from portal.activity import last_line, lines_after, trimmed_beyond
from portal.activity.guards import TABLE, unguard
from portal.activity.trimming import trim, trim_by_age
from portal.activity.verification import Wrong, verify
from portal.models import Activity, ActivityForwarding, Event
from tests.makers import make_lines

NOW = timezone.now()
OLD, NEW = NOW - timedelta(days=100), NOW - timedelta(days=1)


@pytest.fixture(autouse=True)
def log(db: None) -> None:
    """Write five old lines and three new ones."""
    make_lines(5, at=OLD)
    make_lines(3, at=NEW)


def test_old_lines_go_and_the_rest_is_as_it_was_written() -> None:
    assert trim(before=NOW - timedelta(days=30), by=None, now=NOW) == 5
    assert list(Activity.objects.order_by("id").values_list("id", flat=True)) == [6, 7, 8, 9]
    line = Activity.objects.get(id=9)
    assert (line.event, line.subject_id, line.details["lines"]) == (Event.LOG_TRIMMED, "5", 5)
    assert verify().findings == []
    make_lines(2)
    assert trim(before=NOW, by=None, now=NOW) == 3
    assert verify().findings == []
    assert verify().first == 9


def test_even_the_whole_log_may_go() -> None:
    assert trim(before=NOW, by=None, now=NOW) == 8
    assert Activity.objects.count() == 1
    assert verify().findings == []
    make_lines(1)
    assert last_line() == 10
    assert verify().findings == []


def test_where_nothing_is_old_enough_nothing_happens() -> None:
    assert trim(before=OLD, by=None, now=NOW) == 0
    assert last_line() == 8


def test_more_than_was_trimmed_cannot_be_taken_away_unnoticed() -> None:
    trim(before=NOW - timedelta(days=30), by=None, now=NOW)
    unguard()
    for statement, what in (
        (f"DELETE FROM {TABLE} WHERE id = 6", Wrong.MISSING),
        (f"DELETE FROM {TABLE} WHERE id = 9", Wrong.MISSING),
        (f"UPDATE {TABLE} SET subject_id = '6' WHERE id = 9", Wrong.CHANGED),
        (f"UPDATE {TABLE} SET id = 3 WHERE id = 6", Wrong.INSERTED),
    ):
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(statement)
            assert what in {found.what for found in verify().findings}, statement
            transaction.set_rollback(True)


def test_who_follows_from_before_reads_everything_anew() -> None:
    trim(before=NOW - timedelta(days=30), by=None, now=NOW)
    assert trimmed_beyond(2, lines_after(2))
    assert not trimmed_beyond(5, lines_after(5))
    assert not trimmed_beyond(7, lines_after(7))


def test_the_age_is_a_setting(settings: Settings) -> None:
    assert trim_by_age(now=NOW) == 0
    settings.ACTIVITY_KEEP_DAYS = 30
    assert trim_by_age(now=NOW) == 5
    assert trim_by_age(now=NOW) == 0
    settings.ACTIVITY_KEEP_DAYS = 100
    make_lines(1, at=OLD)
    assert trim_by_age(now=NOW + timedelta(hours=1)) == 0, "once a day is enough"


def test_what_waits_to_be_forwarded_stays(settings: Settings) -> None:
    settings.ACTIVITY_FORWARD = "syslog://127.0.0.1:1"
    assert trim(before=NOW, by=None, now=NOW) == 0
    ActivityForwarding.objects.create(line=3)
    assert trim(before=NOW, by=None, now=NOW) == 3


def test_the_command_says_what_it_did() -> None:
    out = io.StringIO()
    call_command("activity", "trim", "--before", f"{NOW - timedelta(days=30):%Y-%m-%d}", "--json", stdout=out)
    assert json.loads(out.getvalue()) == {"lines": 5}
    with pytest.raises(CommandError, match="yet to come"):
        call_command("activity", "trim", "--before", f"{NOW + timedelta(days=30):%Y-%m-%d}")
    with pytest.raises(CommandError, match="is no date"):
        call_command("activity", "trim", "--before", "yesterday")
