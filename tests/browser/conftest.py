"""What browser tests stand on: the whole thing running, a real Chromium, and people who are signed in.

No test here touches the database: they see what a person sees. Each takes its own certificates and APIs, and what it has chosen for the
account that all share is forgotten afterwards, so that any order does.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from tests.browser import chromium
from tests.processes import Portal

LOCALES = {"en": "en-US", "zh-hans": "zh-CN"}


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """Return the whole thing, running: portal, xDS server, gateway and the demonstration's back end."""
    with Portal(tmp_path_factory.mktemp("portal") / "home") as running:
        yield running


@pytest.fixture(scope="session")
def base_url(portal: Portal) -> str:
    """Pages are named by their path."""
    return portal.url


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Start the machine's own Chromium where there is one."""
    return {**browser_type_launch_args, "executable_path": chromium.executable(), "args": chromium.launch_arguments()}


@pytest.fixture(scope="session")
def signed_in_state(browser: Browser, portal: Portal) -> Any:
    """Return the cookies of an administrator who has signed in, once for all tests."""
    with browser.new_context(base_url=portal.url, locale="en-US") as context:
        page = context.new_page()
        sign_in(page, portal)
        return context.storage_state()


@pytest.fixture
def person(browser: Browser, portal: Portal, signed_in_state: Any) -> Iterator[Callable[..., Page]]:
    """Return a maker of pages of a signed-in administrator; what the pages complain of on the console fails the test.

    ``person(language="zh-hans", java_script_enabled=False, viewport=…, color_scheme=…)``
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def make(*, language: str = "en", signed_in: bool = True, **options: Any) -> Page:
        state = {"storage_state": signed_in_state} if signed_in else {}
        context = browser.new_context(base_url=portal.url, locale=LOCALES[language], **state, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda message: _note(message, complaints))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()
    _forget_preferences(portal)
    assert not complaints


def _forget_preferences(portal: Portal) -> None:
    """Take away the language and the theme that were kept with the account, which all tests share."""
    with contextlib.closing(sqlite3.connect(portal.home / "portal.sqlite3", timeout=10)) as database, database:
        database.execute("DELETE FROM portal_preferences")


def sign_in(page: Page, portal: Portal) -> None:
    """Sign in as the first administrator, as a person does."""
    page.goto("/accounts/login/")
    page.locator("input[name=username]").fill(portal.user_name)
    page.locator("input[name=password]").fill(portal.password)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url("**/")


def _note(message: ConsoleMessage, complaints: list[str]) -> None:
    """Keep errors and breaches of the Content-Security-Policy, but not the browser's note that an answer was 4xx: pages are."""
    if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
        complaints.append(f"{message.location.get('url')}: {message.text}")
