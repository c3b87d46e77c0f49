"""Signing in, in a real browser."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import sign_in
from tests.processes import Portal


def test_the_first_administrator_signs_in_with_what_the_start_has_told(person: Callable[..., Page], portal: Portal) -> None:
    page = person(signed_in=False)

    sign_in(page, portal)

    expect(page.locator("body")).to_contain_text(portal.user_name)


def test_a_page_asks_for_sign_in_and_then_shows_itself(person: Callable[..., Page], portal: Portal) -> None:
    page = person(signed_in=False)

    page.goto("/accounts/preferences/")
    expect(page.locator("input[name=password]")).to_be_visible()
    page.locator("input[name=username]").fill(portal.user_name)
    page.locator("input[name=password]").fill(portal.password)
    page.locator("input[name=password]").press("Enter")

    page.wait_for_url("**/accounts/preferences/")
