"""When is told, as values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from notices.thresholds import BadThresholds, passed, read, summary_of

NOW = datetime(2027, 3, 3, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "threshold"), [(60.01, None), (60, 60), (30.01, 60), (30, 30), (7.5, 14), (1, 1), (0.01, 1), (0, 0), (-400, 0)]
)
def test_the_narrowest_threshold_that_was_passed_counts(days: float, threshold: int | None) -> None:
    assert passed(NOW + timedelta(days=days), (60, 30, 14, 7, 1, 0), now=NOW) == threshold


@pytest.mark.parametrize(
    "text", [" 7,30 ,7, 0 ", "7 30 0", "30\N{FULLWIDTH COMMA}7\N{FULLWIDTH COMMA}0", "30\N{IDEOGRAPHIC COMMA}7\N{IDEOGRAPHIC SPACE}0"]
)
def test_days_are_read_in_any_order_and_once_with_any_commas(text: str) -> None:
    assert read(text) == [30, 7, 0]


@pytest.mark.parametrize("text", ["", ",", "-1", "1.5", "731", "٣", "7;1", "1e2", "9" * 30])
def test_what_is_no_list_of_days_is_refused(text: str) -> None:
    with pytest.raises(BadThresholds):
        read(text)


@pytest.mark.parametrize(
    ("at", "week"),
    [
        ("2027-01-04T07:59:00+00:00", None),
        ("2027-01-04T08:00:00+00:00", "2027-W01"),
        ("2027-01-04T23:59:00+00:00", "2027-W01"),
        ("2027-01-05T08:00:00+00:00", None),
        ("2027-01-04T16:30:00+08:00", "2027-W01"),
        ("2027-01-05T07:30:00+08:00", "2027-W01"),
    ],
)
def test_a_summary_is_due_on_its_day_by_utc(at: str, week: str | None) -> None:
    assert summary_of(0, now=datetime.fromisoformat(at)) == week


def test_without_a_day_there_is_none() -> None:
    assert summary_of(None, now=NOW) is None
