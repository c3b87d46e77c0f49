"""Lines are numbered without gaps and chained in the order in which they are seen, whoever writes at the same time."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from apis import actions
from portal.activity import Through, acting_through
from portal.activity.trimming import trim
from portal.activity.verification import verify
from portal.models import Activity
from tests.makers import make_lines

WRITERS, LINES = 4, 15


class ChangedTheirMind(Exception):
    """Somebody's transaction ends without its change."""


def _change_ones_mind() -> None:
    with transaction.atomic():
        make_lines(2, subject_name="never")
        raise ChangedTheirMind


def _write(number: int) -> None:
    try:
        for one in range(LINES):
            make_lines(1, subject_name=f"{number}-{one}")
            with contextlib.suppress(ChangedTheirMind):
                _change_ones_mind()
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_several_writers_at_once_make_one_chain() -> None:
    with ThreadPoolExecutor(WRITERS) as writers:
        list(writers.map(_write, range(WRITERS)))
    assert list(Activity.objects.order_by("id").values_list("id", flat=True)) == list(range(1, WRITERS * LINES + 1))
    assert not Activity.objects.filter(subject_name="never").exists()
    assert verify().findings == []


@pytest.mark.django_db(transaction=True)
def test_the_check_is_right_while_lines_are_written_and_trimmed() -> None:
    ended = threading.Event()

    def write() -> None:
        while not ended.is_set():
            make_lines(3)
            trim(before=timezone.now() - timedelta(seconds=1), by=None, now=timezone.now())
        connection.close()

    make_lines(50)
    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert [verify().findings for _ in range(8)] == [[]] * 8
    finally:
        ended.set()
        thread.join()


@pytest.mark.django_db
def test_a_line_is_written_with_its_change_or_not_at_all() -> None:
    with pytest.raises(ChangedTheirMind):
        _change_ones_mind()
    assert not Activity.objects.exists()


def test_a_token_is_named_in_its_own_thread_only(publisher: User) -> None:
    seen: list[dict[str, str]] = []

    def elsewhere() -> None:
        from portal.activity import acting

        seen.append(acting.current())

    with acting_through(Through(token="one", identifier="1", made_by="")):
        with acting_through(Through(token="two", identifier="2", made_by="")):
            make_lines(1)
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        actions.create_api(
            "orders",
            actions.ApiSettings(display_name="Orders", service_url="https://orders.example.com", path="orders"),
            by=publisher,
            now=timezone.now(),
        )
    assert seen == [{}]
    assert Activity.objects.order_by("-id")[0].through["token"] == "one"
