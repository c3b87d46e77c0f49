"""The busiest and the failing APIs of 24 hours, of which those that are over are read once and remembered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apis.models import Api
from gateway.counts import ApiCount, Span
from gateway.seeing.last_day import last_day
from tests.makers import make_api

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 27, 12, 30, tzinfo=UTC)


def _count(api: Api, hours_ago: int, **ended: int) -> None:
    at = Span.HOUR.begin(NOW) - timedelta(hours=hours_ago)
    ApiCount.objects.create(api=api, span=Span.HOUR, at=at, last_at=at, **ended)


def _found(now: datetime = NOW) -> dict[str, tuple[int, int]]:
    return {api.name: (calls, failed) for api, calls, failed in last_day(5, now=now).busiest}


@pytest.fixture
def orders() -> Api:
    return make_api()


def test_all_hours_of_a_day_count_and_none_before(orders: Api) -> None:
    for hours_ago in (0, 1, 2, 23):
        _count(orders, hours_ago, ok=10**hours_ago if hours_ago < 3 else 1000, no_answer=1)
    _count(orders, 24, ok=1_000_000)
    assert _found() == {"orders": (1111 + 4, 4)}
    assert _found(NOW + timedelta(hours=1)) == {"orders": (111 + 3, 3)}


def test_what_comes_in_the_current_hour_and_late_in_the_one_before_is_seen_at_once(orders: Api) -> None:
    _count(orders, 5, ok=1)
    assert _found() == {"orders": (1, 0)}
    _count(orders, 0, ok=10)
    _count(orders, 1, refused_certificate=100)
    assert _found() == {"orders": (111, 100)}


def test_hours_that_are_over_are_read_once(orders: Api) -> None:
    _count(orders, 5, ok=1)
    assert _found() == {"orders": (1, 0)}
    with CaptureQueriesContext(connection) as queries:
        _found(NOW + timedelta(minutes=29))
    assert len(queries) == 2  # the two last hours, and the APIs' names
    with CaptureQueriesContext(connection) as queries:
        _found(NOW + timedelta(minutes=30))
    assert len(queries) == 3


def test_apis_are_ranked_by_calls_and_by_failures_without_those_that_had_none(orders: Api) -> None:
    parcels, returns, gone = (make_api(name) for name in ("parcels", "returns", "gone"))
    make_api("silent")
    _count(orders, 3, ok=5)
    _count(parcels, 3, ok=5, no_answer=2)
    _count(returns, 0, no_answer=7)
    _count(gone, 3, ok=100)
    assert list(_found()) == ["gone", "parcels", "returns", "orders"]
    gone.delete()
    day = last_day(2, now=NOW)
    assert [api.name for api, _, _ in day.failing] == ["returns", "parcels"]
