"""What somebody has just saved is undone, and what was changed before is put back, with a script and without."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_accessibility import complaints_of_axe
from tests.browser.walk import ENGLISH, Walker
from tests.processes import Portal


@pytest.mark.parametrize("javascript", [True, False], ids=["JavaScript", "no JavaScript"])
def test_a_change_is_undone_and_put_back(person: Callable[..., Page], portal: Portal, *, javascript: bool) -> None:
    page = person(java_script_enabled=javascript)
    walker = Walker.on(page, portal, ENGLISH)
    walker.add_api()
    walker.tab("Settings").click()
    description = page.get_by_label("Description")
    description.fill("A mistake.")
    walker.main.get_by_role("button", name="Save", exact=True).click()

    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#messages")).to_contain_text("Undone.")
    expect(description).to_have_value("")

    walker.tab("History").click()
    expect(walker.main).to_contain_text("A mistake.")
    page.get_by_role("link", name="Compare with now, restore").first.click()
    page.get_by_role("button", name="Restore the values before it").click()
    expect(page.locator("#messages")).to_contain_text("Restored.")
    expect(description).to_have_value("A mistake.")
    walker.tab("Policy").click()
    page.get_by_role("link", name="Compare with earlier ones").click()
    expect(walker.main).to_contain_text("Both documents are the same.")
    if javascript:
        assert complaints_of_axe(page) == []
