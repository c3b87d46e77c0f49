"""Times within which versions may be switched to."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from certificates.rollout.windows import Window

NIGHT = Window(days=[5], opens=time(22), closes=time(4), zone="Europe/Berlin")  # Saturday to Sunday
DAY = Window(days=[], opens=time(9), closes=time(17), zone="Asia/Shanghai")


@pytest.mark.parametrize(
    ("window", "moment", "is_open"),
    [
        (NIGHT, datetime(2026, 11, 28, 20, 59, tzinfo=UTC), False),
        (NIGHT, datetime(2026, 11, 28, 21, 0, tzinfo=UTC), True),
        (NIGHT, datetime(2026, 11, 29, 2, 59, tzinfo=UTC), True),
        (NIGHT, datetime(2026, 11, 29, 3, 0, tzinfo=UTC), False),
        (NIGHT, datetime(2026, 11, 29, 21, 0, tzinfo=UTC), False),
        (NIGHT, datetime(2026, 11, 28, 2, 0, tzinfo=UTC), False),
        (NIGHT, datetime(2026, 7, 4, 20, 0, tzinfo=UTC), True),
        (DAY, datetime(2026, 11, 26, 1, 0, tzinfo=UTC), True),
        (DAY, datetime(2026, 11, 26, 9, 0, tzinfo=UTC), False),
    ],
)
def test_a_window_is_open_by_the_clocks_of_its_zone_and_on_the_days_it_begins(window: Window, moment: datetime, *, is_open: bool) -> None:
    assert window.contains(moment) is is_open


def test_one_that_closes_when_it_opens_is_open_around_the_clock_on_its_days() -> None:
    always = Window(days=[0], opens=time(2), closes=time(2), zone="UTC")
    assert always.contains(datetime(2026, 11, 30, 2, 0, tzinfo=UTC))
    assert always.contains(datetime(2026, 12, 1, 1, 59, tzinfo=UTC))
    assert not always.contains(datetime(2026, 12, 1, 2, 0, tzinfo=UTC))


def test_one_that_is_open_says_when_it_has_opened() -> None:
    assert NIGHT.opened_at(datetime(2026, 11, 29, 2, 59, tzinfo=UTC)) == datetime(2026, 11, 28, 21, 0, tzinfo=UTC)
    assert DAY.opened_at(datetime(2026, 11, 26, 5, 0, tzinfo=UTC)) == datetime(2026, 11, 26, 1, 0, tzinfo=UTC)
    assert DAY.opened_at(datetime(2026, 11, 26, 9, 0, tzinfo=UTC)) is None
