"""What browser tests stand on: the whole thing running, a real Chromium, and people who are signed in.

No test here touches the database: they see what a person sees. Each takes its own certificates and APIs, and what it has chosen for the
account that all share is forgotten afterwards, so that any order does.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.urls import resolve
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from tests.browser import chromium
from tests.processes import Portal

_NOT_OURS = ("/admin/", "/management/", "/static/", "/accounts/logout/", "/readyz")  # of Django, of machines, or no page
_NO_COMPLAINTS = ("Failed to load resource", "htmx:afterRequest", "htmx:sendAbort")
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


@pytest.fixture(scope="session")
def every_path(browser: Browser, portal: Portal, signed_in_state: Any) -> list[str]:
    """Return a page of every kind that links lead to from the dashboard, by walking them, and every page of the guide."""
    certificate = portal.client_certificate("looked-at").pfx_file("a password")
    seen, waiting = {_kind("/"): "/"}, ["/"]
    with browser.new_context(base_url=portal.url, storage_state=signed_in_state) as context:
        page = context.new_page()
        page.goto("/security/client-certificates/upload/")
        page.locator("[name=file]").set_input_files({"name": "looked-at.pfx", "mimeType": "application/x-pkcs12", "buffer": certificate})
        page.locator("[name=password]").fill("a password")
        page.locator("main button.main").click()
        page.wait_for_url("**/looked-at/")
        while waiting:
            page.goto(waiting.pop(0))
            links: list[str] = page.eval_on_selector_all("a[href]:not([download], svg a)", "links => links.map(link => link.href)")
            for link in links:
                path = urlsplit(link).path
                if link.startswith(portal.url) and not path.startswith(_NOT_OURS) and _kind(path) not in seen:
                    seen[_kind(path)] = path
                    waiting.append(path)
    return list(seen.values())


def _kind(path: str) -> str:
    """Return what tells a page from pages like it: other tests leave many certificates and APIs."""
    view = resolve(path).view_name
    return path if view == "guide" else view


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
    """Keep errors and breaches of the Content-Security-Policy.

    Not the browser's note that an answer was 4xx: pages are; nor htmx's that a page which is left waits for an answer no more.
    """
    if message.type in {"error", "warning"} and not any(note in message.text for note in _NO_COMPLAINTS):
        complaints.append(f"{message.location.get('url')}: {message.text}")
