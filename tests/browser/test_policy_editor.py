"""A policy document as somebody writes it: completed by keyboard, checked meanwhile, its mistakes found; and without a script."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.test_accessibility import complaints_of_axe
from tests.browser.walk import CHINESE, ENGLISH, Walker, Words
from tests.processes import Portal

_AROUND = "<policies>\n  <inbound>\n    <base />\n{}  </inbound>\n</policies>\n"


@pytest.mark.parametrize("words", [ENGLISH, CHINESE], ids=["English", "Chinese"])
def test_what_is_begun_is_completed_by_keyboard_and_checked_meanwhile(person: Callable[..., Page], portal: Portal, words: Words) -> None:
    page = person(language=words.language)
    walker = Walker.on(page, portal, words)
    page.goto("/named-values/new/")
    page.locator("input[name=display_name]").fill(f"{walker.name}.value")
    page.locator("textarea[name=value]").fill("shop")
    walker.main.locator("button.main").click()
    walker.add_api()
    page.goto(f"/apis/{walker.name}/policy/")
    document = page.locator("textarea[name=document]")
    document.fill(_AROUND.format("    \n"))
    beside, offered = page.locator("#policy-beside"), page.get_by_role("listbox")

    _put_caret(document, "<base />\n    ")
    page.keyboard.type("<set-")
    expect(offered.get_by_role("option")).to_have_text(["set-backend-service", "set-header", "set-query-parameter"])
    page.keyboard.press("ArrowDown")
    expect(offered.get_by_role("option", selected=True)).to_have_text("set-header")
    assert complaints_of_axe(page) == []
    page.keyboard.press("Enter")
    expect(offered).to_be_hidden()
    page.keyboard.type("X-Shop")
    expect(beside.locator("pre")).to_contain_text("X-Shop")
    _put_caret(document, "<value>")
    page.keyboard.type(f"{{{{{walker.name}")
    page.keyboard.press("Tab")
    expected = (
        f'    <set-header name="X-Shop" exists-action="override">\n      <value>{{{{{walker.name}.value}}}}</value>\n    </set-header>\n'
    )
    expect(document).to_have_value(_AROUND.format(expected))
    expect(beside.locator("pre")).to_contain_text("X-Shop")
    page.keyboard.press("Control+z")
    expect(document).not_to_have_value(_AROUND.format(expected))
    _leads_to_its_line(page, document)
    document.fill(_AROUND.format(expected))
    walker.main.get_by_role("button", name=words.save, exact=True).click()
    expect(document).to_have_value(_AROUND.format(expected))


def test_without_a_script_a_document_is_written_and_a_form_adds_to_it(person: Callable[..., Page], portal: Portal) -> None:
    page = person(java_script_enabled=False)
    walker = Walker.on(page, portal, ENGLISH)
    walker.add_api()
    page.goto(f"/apis/{walker.name}/policy/")
    document = page.locator("textarea[name=document]")
    document.fill(_AROUND.format("    <quota />\n"))
    walker.main.get_by_role("button", name="Save", exact=True).click()
    expect(walker.main).to_contain_text("on line 4")
    expect(document).to_have_value(_AROUND.format("    <quota />\n"))
    document.fill(_AROUND.format(""))
    walker.main.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("link", name="Set a header").click()
    page.get_by_label("Name of the header").fill("X-Shop")
    page.get_by_label("Values").fill("shop")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#policy-beside")).to_contain_text("X-Shop")


def _leads_to_its_line(page: Page, document: Locator) -> None:
    """Make a mistake, and go where it is told to be; close what is offered there."""
    document.fill(_AROUND.format("    <quota />\n"))
    page.locator("[data-goes-to-line='4']").click()
    expect(document).to_be_focused()
    assert document.evaluate("area => area.value.slice(area.selectionStart, area.selectionEnd)") == "    <quota />"
    page.keyboard.type("    <rew")
    expect(page.get_by_role("listbox")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    expect(document).to_be_focused()


def _put_caret(document: Locator, behind: str) -> None:
    """Put the caret behind a text of the document."""
    document.evaluate(
        "(area, text) => { const place = area.value.indexOf(text) + text.length; area.focus(); area.setSelectionRange(place, place); }",
        behind,
    )
