"""Lists as people use them: many rows on a small window, and columns of one's own."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.makers import issue
from tests.processes import Portal

LIST = "/security/client-certificates/"
_FULLY_SEEN = """() => {
  const rows = [...document.querySelectorAll("table.list tbody tr")];
  return rows.filter(row => row.getBoundingClientRect().bottom <= innerHeight).length;
}"""


def _upload(page: Page, name: str) -> str:
    certificate = issue(name)
    page.goto(f"{LIST}upload/")
    file = FilePayload(name=f"{name}.pfx", mimeType="application/x-pkcs12", buffer=certificate.pfx_file("a password"))
    page.locator("input[name=file]").set_input_files(file)
    page.locator("input[name=password]").fill("a password")
    page.locator("main form button.main").click()
    page.wait_for_url(f"**/{name}/")
    return certificate.thumbprint[-4:]


@pytest.fixture
def clicked(person: Callable[..., Page]) -> Page:
    """Return the page of somebody whose window is a small laptop's."""
    return person(viewport={"width": 1280, "height": 800})


def test_fourteen_certificates_and_apis_fit_a_small_window(clicked: Page, portal: Portal) -> None:
    page = clicked
    for number in range(14):
        _upload(page, f"row-{number:02}")
    for path in (LIST, "/apis/"):
        page.goto(path)
        rows = page.locator("table.list tbody tr").count()
        assert page.evaluate(_FULLY_SEEN) >= min(14, rows), path


@pytest.mark.parametrize("scripts", [True, False])
def test_columns_are_chosen_on_the_list_and_stay(person: Callable[..., Page], portal: Portal, *, scripts: bool) -> None:
    page = person(java_script_enabled=scripts, viewport={"width": 1280, "height": 800})
    _upload(page, f"columns-{scripts}".lower())
    page.goto(f"{LIST}?q=columns")
    page.locator(".columns summary").click()
    page.get_by_label("Issuer").uncheck()
    page.get_by_role("button", name="Show these").click()
    expect(page).to_have_url(f"{portal.url}{LIST}?q=columns")
    page.goto(LIST)
    expect(page.get_by_role("columnheader", name="Thumbprint")).to_be_visible()
    expect(page.get_by_role("columnheader", name="Issuer")).to_have_count(0)
