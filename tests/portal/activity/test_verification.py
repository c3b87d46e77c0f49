"""Whoever has the database's password can change the log, but not so that nobody notices."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from apis import actions
from certificates.models import ActivityKey
from portal.activity import Through, acting_through
from portal.activity.guards import TABLE, unguard
from portal.activity.verification import Anchor, Wrong, verify
from portal.models import Activity, ActivityHead, Event
from tests.makers import make_api, make_certificate, make_lines, make_subscription
from tests.portal.activity import tampering

TAMPERINGS = 1000


@pytest.fixture
def log(publisher: User) -> list[Activity]:
    """Return the lines of a log in which everything occurs that a line can hold; anybody may tamper with it."""
    make_certificate("orders-client")
    api = make_api("orders")
    with acting_through(Through(token="evil", identifier="1f", made_by="ad2")):
        actions.delete_api(api, by=publisher, now=timezone.now())
    make_subscription("all")
    make_lines(6, actor=publisher, actor_name="publisher", details={"text": "é\u2028", "none": None, "on": True, "list": ["a"]})
    unguard()
    return list(Activity.objects.order_by("id"))


def said(*words: str) -> str:
    """Return what ``manage.py activity`` prints."""
    out = io.StringIO()
    call_command("activity", *words, stdout=out)
    return out.getvalue()


def test_an_untouched_log_is_as_it_was_written(log: list[Activity]) -> None:
    assert verify().findings == []
    assert f"{len(log)} lines, 1 to {len(log)}, are as the portal wrote them." in said("verify")
    assert json.loads(said("verify", "--json"))["findings"] == []


@pytest.mark.parametrize("part", range(4))
def test_a_thousand_tamperings_are_found(log: list[Activity], part: int) -> None:
    missed = []
    for seed in range(part * TAMPERINGS // 4, (part + 1) * TAMPERINGS // 4):
        with transaction.atomic():
            done = tampering.anything(random.Random(seed))  # noqa: S311 - repeatable
            if not verify().findings:
                missed.append((seed, done))
            transaction.set_rollback(True)
    assert missed == []
    assert verify().findings == []


def _change(number: int) -> None:
    _run(f"UPDATE {TABLE} SET subject_name = 'another' WHERE id = {number}")


def _delete(number: int) -> None:
    _run(f"DELETE FROM {TABLE} WHERE id = {number}")


def _replace_by_a_copy(number: int) -> None:
    copy = Activity.objects.get(id=number - 1)
    _delete(number)
    copy.id = number
    Activity.objects.bulk_create([copy])


@pytest.mark.parametrize(
    ("tamper", "what", "line", "words"),
    [
        (_change, Wrong.CHANGED, 4, "Line 4 was changed"),
        (_delete, Wrong.MISSING, 4, "Line 4 is missing."),
    ],
)
def test_it_says_where(log: list[Activity], tamper: Callable[[int], None], what: Wrong, line: int, words: str) -> None:
    tamper(4)
    (found,) = verify().findings
    assert (found.what, found.line) == (what, line)
    assert words in found.sentence
    with pytest.raises(CommandError, match="1 findings"):
        said("verify")


def test_lines_missing_at_the_end_are_numbered(log: list[Activity]) -> None:
    _run(f"DELETE FROM {TABLE} WHERE id > 3")
    (found,) = verify().findings
    assert found.sentence == f"Lines 4 to {len(log)} are missing at the end."


def test_an_inserted_line_is_told_from_a_changed_one(log: list[Activity]) -> None:
    _replace_by_a_copy(4)  # a line where none of this content was
    assert (Wrong.CHANGED, 4) in {(found.what, found.line) for found in verify().findings}
    last = len(log)
    copy = Activity.objects.get(id=2)
    copy.id = last + 1
    Activity.objects.bulk_create([copy])
    assert Wrong.INSERTED in {found.what for found in verify().findings}


def test_what_is_written_afterwards_covers_nothing_up(log: list[Activity]) -> None:
    """Who deletes the newest lines and the head waits in vain for the portal to make a new one."""
    for spoil in ("DELETE FROM portal_activityhead", "UPDATE portal_activityhead SET line = 3", f"DELETE FROM {TABLE} WHERE id > 5"):
        with transaction.atomic():
            _run(f"DELETE FROM {TABLE} WHERE id > 3")
            _run(spoil)
            make_lines(2)
            assert Wrong.MISSING in {found.what for found in verify().findings}, spoil
            transaction.set_rollback(True)


def test_the_log_goes_on_though_somebody_tampered_with_it(log: list[Activity]) -> None:
    ActivityHead.objects.all().delete()
    make_lines(3)
    assert Activity.objects.count() == len(log) + 3
    ahead = Activity.objects.get(id=2)
    ahead.id = len(log) + 4  # where the portal would write next
    Activity.objects.bulk_create([ahead])
    make_lines(1)
    assert Activity.objects.order_by("-id")[0].id == len(log) + 5


def test_an_older_state_of_the_whole_database_lacks_the_line_that_was_noted(log: list[Activity]) -> None:
    older = ActivityHead.objects.get()
    make_lines(1)
    noted = said("verify").rpartition("Anchor: ")[2].strip()
    assert "are as the portal wrote them" in said("verify", "--anchor", noted)
    _run(f"DELETE FROM {TABLE} WHERE id > {older.line}")
    ActivityHead.objects.update(line=older.line, link=older.link, seal=older.seal)
    assert verify().findings == []
    (found,) = verify([Anchor.parse(noted)]).findings
    assert found.what == Wrong.MISSING
    make_lines(1)
    (found,) = verify([Anchor.parse(noted)]).findings
    assert found.what == Wrong.CHANGED


@pytest.mark.parametrize("text", ["", "7", "7:abc", "x:" + 64 * "0", 64 * "0", 5000 * "9" + ":" + 64 * "0"])
def test_what_is_no_anchor_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match="An anchor is the number of a line"):
        said("verify", f"--anchor={text}")


def test_a_damaged_key_closes_nothing_and_is_noticed(log: list[Activity]) -> None:
    ActivityKey.objects.update(ciphertext=b"damaged")
    make_lines(2)
    assert ActivityKey.objects.count() == 2
    assert {found.line for found in verify().findings if found.what == Wrong.CHANGED} >= {1, len(log)}


def test_a_key_of_ones_own_in_the_place_of_the_portals_seals_nothing(log: list[Activity]) -> None:
    row = ActivityKey.objects.get()
    other = make_certificate("another").current
    assert other
    ActivityKey.objects.update(wrapped_key=other.wrapped_key, ciphertext=other.ciphertext)  # a secret that its owner knows
    assert verify().findings
    ActivityKey.objects.update(wrapped_key=row.wrapped_key, ciphertext=row.ciphertext)


def test_the_key_is_in_the_database_but_sealed(log: list[Activity]) -> None:
    assert Activity.objects.filter(event=Event.API_DELETED).count() == 1
    assert ActivityKey.objects.get().ring_key


def _run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
