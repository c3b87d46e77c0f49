"""The gateways' pages with addresses that nobody means, and calls that no column was made for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from envoy.data.accesslog.v3.accesslog_pb2 import HTTPAccessLogEntry

from gateway.compile.names import ACTIVITY_HEADER
from gateway.models import FailedCall
from gateway.seeing.failures import failed_call
from tests.makers import make_failed_call


@pytest.mark.parametrize("asked", [{"q": "\0"}, {"q": "5f3c\0"}, {"q": "%"}, {"page": "9" * 5000}, {"q": "x" * 5000}])
def test_failed_calls_are_listed_whatever_is_asked(signed_in: Client, asked: dict[str, str]) -> None:
    make_failed_call("5f3c-1")
    assert signed_in.get("/failures/", asked).status_code == 200


def test_failed_calls_of_an_api_that_cannot_be_are_not_found(signed_in: Client) -> None:
    assert signed_in.get("/failures/", {"api": "x\0"}).status_code == 404
    assert signed_in.get("/failures/a%00b/").status_code == 404


@pytest.mark.parametrize("kind", ["api", "certificate", "subscription"])
@pytest.mark.parametrize("number", ["1", "9" * 18])
@pytest.mark.parametrize("wait", ["", "250", "9" * 5000, "²", "-1"])
def test_whether_a_change_is_live_is_answered_whatever_is_asked(signed_in: Client, kind: str, number: str, wait: str) -> None:
    assert signed_in.get(f"/gateways/live/{kind}/{number}/", {"wait": wait}).status_code == 200


def test_a_number_that_no_row_can_have_leads_nowhere(signed_in: Client) -> None:
    assert signed_in.get(f"/gateways/live/api/{'9' * 30}/").status_code == 404


def test_a_stream_that_failed_after_a_month_is_kept_like_any_call(db: None) -> None:
    entry = HTTPAccessLogEntry()
    entry.response.response_headers[ACTIVITY_HEADER] = "5f3c-2"
    entry.response.response_code.value = 502
    entry.common_properties.start_time.FromJsonString("2026-11-01T12:00:00Z")
    entry.common_properties.duration.FromTimedelta(timedelta(days=30))
    call = failed_call(entry, gateway="gateway-1")
    assert call is not None
    FailedCall.objects.bulk_create([call])
