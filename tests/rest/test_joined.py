"""What rooms add to REST and files is there when it is first asked for, or whoever asks hears why not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rest import joined


@pytest.fixture
def nobody_waits() -> Iterator[None]:
    joined.complete()
    yield
    joined.complete()


def test_each_joins_once_and_may_ask_for_what_is_there(nobody_waits: None) -> None:
    came: list[str] = []

    def join() -> None:
        joined.complete()
        came.append("one")

    joined.join_later(join)
    joined.complete()
    joined.complete()
    assert came == ["one"]


def test_one_that_could_not_join_is_not_forgotten(nobody_waits: None) -> None:
    came: list[str] = []
    missing = [True]

    def join() -> None:
        if missing:
            raise ImportError
        came.append("one")

    joined.join_later(join)
    with pytest.raises(ImportError):
        joined.complete()
    missing.clear()
    joined.complete()
    assert came == ["one"]
