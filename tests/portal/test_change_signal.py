"""The change_signal: it rings when somebody else has committed, and only then."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from django.db import connection, transaction

from portal.change_signal import ChangeSignal
from tests.makers import make_api

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=["as it is here", "where nothing tells of writes"])
def change_signal(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ChangeSignal]:
    if request.param != "as it is here":
        monkeypatch.setattr(sys, "platform", "elsewhere")
    with ChangeSignal() as made:
        made.wait(0.1)  # what was under way
        yield made


def in_another_thread(do: Callable[[], object]) -> None:
    def with_own_connection() -> None:
        do()
        connection.close()

    thread = threading.Thread(target=with_own_connection)
    thread.start()
    thread.join()


def test_it_is_silent_while_nobody_commits(change_signal: ChangeSignal) -> None:
    began = time.monotonic()
    assert not change_signal.wait(0.2)
    assert time.monotonic() - began >= 0.2


def test_it_rings_at_a_commit_and_once(change_signal: ChangeSignal) -> None:
    for number in range(3):
        later = threading.Timer(0.1, in_another_thread, args=(lambda number=number: make_api(f"api-{number}"),))
        later.start()
        assert change_signal.wait(30)
        later.join()
        while change_signal.wait(0.1):  # the commits are over, so this ends
            pass


def test_it_rings_for_what_was_committed_before_it_is_waited_for(change_signal: ChangeSignal) -> None:
    in_another_thread(make_api)
    assert change_signal.wait(30)


def test_what_is_rolled_back_does_not_ring(change_signal: ChangeSignal) -> None:
    def change_nothing() -> None:
        with transaction.atomic():
            make_api()
            transaction.set_rollback(True)

    in_another_thread(change_nothing)
    assert not change_signal.wait(0.2)
