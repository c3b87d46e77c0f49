"""The drop-down of certificates where there are too many for one, in a browser: by keyboard, by mouse, and without a script."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Locator, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from apis import pickers
from apis.models import Api
from kit.issuing import issue
from tests.browser import chromium
from tests.makers import make_api, make_certificate

pytestmark = pytest.mark.django_db(transaction=True)
SECURITY = "/apis/orders/security/"


@pytest.fixture
def presented(live_server: LiveServer, signed_in: Client, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Return a function that lets somebody choose in a browser, and tells which entry the API presents then.

    Three certificates are too many for a drop-down here.
    """
    monkeypatch.setattr(pickers, "FEW", 2)
    make_api("orders")
    for name in ("billing", "partner", "warehouse"):
        make_certificate(name, issue(f"{name}-client"))
    cookie: Any = {
        "name": settings.SESSION_COOKIE_NAME,
        "value": signed_in.cookies[settings.SESSION_COOKIE_NAME].value,
        "url": live_server.url,
    }

    def browse(choose: Callable[[Page], None], *, javascript: bool) -> None:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium.executable(), args=chromium.launch_arguments())
            context = browser.new_context(base_url=live_server.url, java_script_enabled=javascript)
            context.add_cookies([cookie])
            page = context.new_page()
            page.goto(SECURITY)
            page.get_by_label("With credentials").select_option("client-certificate")
            choose(page)
            expect(page.locator("#messages")).to_contain_text("Saved.")
            browser.close()

    def present(choose: Callable[[Page], None], *, javascript: bool = True) -> str:
        with ThreadPoolExecutor(1) as thread:  # Django does not wait for its database in a thread that a browser's events run in
            thread.submit(browse, choose, javascript=javascript).result()
        certificate = Api.objects.get(name="orders").certificate
        return certificate.name if certificate else ""

    return present


def _suggestions(page: Page) -> Locator:
    return page.get_by_role("listbox", name="Suggestions")


def _by_keyboard(page: Page) -> None:
    box = page.get_by_role("combobox", name="Client certificate", exact=True)
    box.press_sequentially("client")
    expect(_suggestions(page).get_by_role("option")).to_have_count(3)
    box.press("ArrowDown")
    box.press("ArrowDown")
    expect(_suggestions(page).get_by_role("option", selected=True)).to_contain_text("CN=partner-client")
    box.press("Enter")
    expect(box).to_have_value(re.compile(r"CN=partner-client.* — [0-9A-F]{4}"))
    expect(_suggestions(page).get_by_role("option")).to_have_count(0)
    box.press("ArrowDown")
    expect(_suggestions(page).get_by_role("option")).to_have_count(3)
    box.press("Escape")
    expect(_suggestions(page).get_by_role("option")).to_have_count(0)
    page.get_by_role("button", name="Save").press("Enter")


def _by_mouse(page: Page) -> None:
    page.get_by_role("combobox", name="Client certificate", exact=True).click()
    _suggestions(page).get_by_role("option").filter(has_text="warehouse").click()
    page.get_by_role("button", name="Save").click()


def _without_a_script(page: Page) -> None:
    page.get_by_label("Client certificate", exact=True).fill("-client")
    page.get_by_role("button", name="Save").click()
    page.locator("select[name=certificate]").select_option("billing")
    page.get_by_role("button", name="Save").click()


def test_one_chooses_by_keyboard_by_mouse_and_without_a_script(presented: Callable[..., str]) -> None:
    assert presented(_by_keyboard) == "partner"
    assert presented(_by_mouse) == "warehouse"
    assert presented(_without_a_script, javascript=False) == "billing"
