"""Charts as a browser draws them: a time stands below the column that it belongs to."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.browser.test_accessibility import complaints_of_axe
from tests.processes import Portal

_COLUMNS = "[...document.querySelectorAll('.columns .ground')].map(one => one.getBoundingClientRect().left)"
_TIMES = "[...document.querySelectorAll('.chart .times li')].map(one => one.getBoundingClientRect().left)"

_ONE_MORE = "last => { const one = last.cloneNode(true); one.querySelector('a').tabIndex = -1; last.before(one); }"


@pytest.mark.parametrize("width", [390, 1280])
def test_each_time_begins_where_its_column_does(person: Callable[..., Page], portal: Portal, width: int) -> None:
    requests.get(f"{portal.gateway_url}/nobody-answers-here", timeout=10)
    page = person(viewport={"width": width, "height": 900})
    _open_when_counted(page)
    columns, times = page.evaluate(_COLUMNS), page.evaluate(_TIMES)
    every = len(columns) // len(times)
    assert times == [pytest.approx(left, abs=3) for left in columns[::every]]


@pytest.mark.parametrize("scripts", [True, False])
def test_a_touched_column_shows_its_figures(person: Callable[..., Page], portal: Portal, *, scripts: bool) -> None:
    requests.get(f"{portal.gateway_url}/nobody-answers-here", timeout=10)
    page = person(viewport={"width": 390, "height": 844}, has_touch=True, java_script_enabled=scripts)
    _open_when_counted(page)
    assert not scripts or complaints_of_axe(page) == []
    page.locator(".columns a .ground").last.tap()
    expect(page.locator("tr:target")).to_be_in_viewport()
    expect(page.locator("tr:target")).to_contain_text("UTC")


def test_the_keyboard_goes_from_column_to_column_and_each_is_read_out(person: Callable[..., Page], portal: Portal) -> None:
    requests.get(f"{portal.gateway_url}/nobody-answers-here", timeout=10)
    page = person(viewport={"width": 1280, "height": 900})
    _open_when_counted(page)
    page.locator("nav a[href*='span=30d']").focus()  # what has the focus is not fetched anew meanwhile
    page.locator(".columns g:has(a)").last.evaluate(_ONE_MORE)
    columns, readout = page.locator(".columns a"), page.locator(".chart .readout").first
    expect(readout).to_contain_text("UTC · ")
    readout.evaluate("one => one.textContent = ''")
    page.keyboard.press("Tab")
    last = columns.count() - 1
    for key, column in (("ArrowLeft", last - 1), ("End", last), ("Home", 0), ("ArrowRight", 1)):
        page.keyboard.press(key)
        expect(columns.nth(column)).to_be_focused()
    expect(readout).to_contain_text("UTC · ")
    page.keyboard.press("Enter")
    expect(page.locator("tr:target")).to_be_in_viewport()


def _open_when_counted(page: Page) -> None:
    """Open the chart of the last hour; calls are in it some seconds after they were made."""
    for _ in range(30):
        page.goto("/?span=1h")
        if page.locator(".chart").count():
            break
        page.wait_for_timeout(500)
    expect(page.locator(".chart .times").first).to_be_visible()
