"""The gateways' pages with addresses that nobody means."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.makers import make_failed_call


@pytest.mark.parametrize("asked", [{"q": "\0"}, {"q": "5f3c\0"}, {"q": "%"}, {"page": "9" * 5000}, {"q": "x" * 5000}])
def test_failed_calls_are_listed_whatever_is_asked(signed_in: Client, asked: dict[str, str]) -> None:
    make_failed_call("5f3c-1")
    assert signed_in.get("/gateways/failed-calls/", asked).status_code == 200


def test_failed_calls_of_an_api_that_cannot_be_are_not_found(signed_in: Client) -> None:
    assert signed_in.get("/gateways/failed-calls/", {"api": "x\0"}).status_code == 404
    assert signed_in.get("/gateways/failed-calls/a%00b/").status_code == 404


@pytest.mark.parametrize("kind", ["api", "certificate", "subscription"])
@pytest.mark.parametrize("number", ["1", "9" * 18])
@pytest.mark.parametrize("wait", ["", "250", "9" * 5000, "²", "-1"])
def test_whether_a_change_is_live_is_answered_whatever_is_asked(signed_in: Client, kind: str, number: str, wait: str) -> None:
    assert signed_in.get(f"/gateways/live/{kind}/{number}/", {"wait": wait}).status_code == 200


def test_a_number_that_no_row_can_have_leads_nowhere(signed_in: Client) -> None:
    assert signed_in.get(f"/gateways/live/api/{'9' * 30}/").status_code == 404
