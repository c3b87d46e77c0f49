"""What is done again and again before pictures are taken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from playwright.sync_api import Page

from kit.issuing import Issued, issue
from tests.processes import Portal

LIST = "/security/client-certificates/"
PASSWORD = "a password"  # noqa: S105 - of files that are thrown away


def upload(page: Page, pfx: bytes, password: str, *, name: str) -> None:
    """Upload a certificate as an entry of that name."""
    page.goto(f"{LIST}upload/")
    give_file(page, pfx, password)
    page.locator("[name=name]").fill(name)
    page.locator("main form button.main").click()
    page.locator("[data-focus], #messages .note").first.wait_for()


def give_file(page: Page, pfx: bytes, password: str = PASSWORD) -> None:
    """Choose a file and type its password."""
    page.locator("[name=file]").set_input_files({"name": "client.pfx", "mimeType": "application/x-pkcs12", "buffer": pfx})
    page.locator("[name=password]").fill(password)


def press_main(page: Page) -> None:
    """Press the main button of the page's form, and wait for the next page."""
    with page.expect_navigation():
        page.locator("main form button.main").first.click()


def certificate(portal: Portal, name: str, days: int) -> Issued:
    """Return a certificate of the demonstration's authority that ends in *days*."""
    now = datetime.now(UTC)
    return issue(name, by=portal.authority, not_before=now - timedelta(days=30), not_after=now + timedelta(days=days, hours=2))
