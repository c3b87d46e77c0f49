"""The Calls tab of an API: what is saved is shown, what holds while nothing is set stands in grey, mistakes are said at their field."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from apis.models import Api
from tests.makers import make_api

pytestmark = pytest.mark.django_db
TAB = "/apis/orders/calls/"
CHOSEN = {"connect_seconds": "10", "idle_seconds": "300", "longest_seconds": "", "retry_calls": "on", "cors": "none"}
FOR_BROWSERS = {"cors": "gateway", "cors_origins": "https://shop.example.com", "cors_headers": "X-Api-Key", "cors_max_age": "60"}


def control(page: str, name: str) -> str:
    """Return the beginning of a field's control as it stands on the page."""
    found = re.search(rf'<(?:input|textarea|select)[^>]* ?name="{name}"[^>]*>', page)
    assert found
    return found[0]


def test_what_is_saved_is_shown(signed_in: Client) -> None:
    make_api("orders")
    answer = signed_in.post(TAB, CHOSEN | FOR_BROWSERS, follow=True)
    page = answer.content.decode()
    assert answer.redirect_chain == [(TAB, 303)]
    assert 'value="300"' in control(page, "idle_seconds")
    assert "https://shop.example.com</textarea>" in page
    assert 'value="60"' in control(page, "cors_max_age")
    document = signed_in.get("/apis/orders/policy/").content.decode()
    assert "https://shop.example.com" in document
    assert "forward-request" in document


def test_what_holds_while_nothing_is_set_stands_in_grey_beside_its_unit(signed_in: Client, settings: Settings) -> None:
    settings.GATEWAY_IDLE_SECONDS = 45
    make_api("orders")
    page = signed_in.get(TAB).content.decode()
    assert 'placeholder="45"' in control(page, "idle_seconds")
    assert 'placeholder="no limit"' in control(page, "longest_seconds")
    assert 'placeholder="GET HEAD POST"' in control(page, "cors_methods")
    assert page.count('<span aria-hidden="true">seconds</span>') == page.count('<span class="hidden"> (seconds)</span>') == 4


@pytest.mark.parametrize(
    ("name", "typed", "words"),
    [
        ("connect_seconds", "", "Enter a whole number of seconds, from 1 to 60."),
        ("connect_seconds", "61", "Enter a whole number of seconds, from 1 to 60."),
        ("idle_seconds", "0", "Enter a whole number of seconds, from 1 to 3600."),
        ("idle_seconds", "1.5", "Enter a whole number of seconds, from 1 to 3600."),
        ("longest_seconds", "for ever", "Enter a whole number of seconds, from 1 to 604800."),
        ("cors_max_age", "-1", "Enter a whole number of seconds, from 0 to 86400."),
        ("cors_origins", "shop.example.com", "shop.example.com is not a site as browsers name it"),
        ("cors_methods", "G@T", "G@T is not an HTTP verb"),
        ("cors_headers", "X Y:", "Y: is not the name of a header"),
    ],
)
def test_a_mistake_is_said_at_its_field_and_nothing_is_stored(signed_in: Client, name: str, typed: str, words: str) -> None:
    make_api("orders")
    answer = signed_in.post(TAB, CHOSEN | FOR_BROWSERS | {name: typed})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert page.count(words) == 2  # above the form and at the field
    assert 'aria-invalid="true"' in control(page, name)
    assert Api.objects.get().idle_seconds is None


def test_what_the_gateway_does_not_tell_browsers_is_forgotten(signed_in: Client) -> None:
    make_api("orders")
    signed_in.post(TAB, CHOSEN | FOR_BROWSERS)
    signed_in.post(TAB, CHOSEN | FOR_BROWSERS | {"cors": "back-end"})
    api = Api.objects.get()
    assert (api.cors, api.cors_origins) == ("back-end", [])
