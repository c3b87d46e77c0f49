"""What people do beside the article's walk: set how calls go on, paste a certificate, roll back to what they had."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_accessibility import complaints_of_axe
from tests.browser.walk import ENGLISH, PASSWORD, Walker
from tests.processes import Portal

with_and_without_javascript = pytest.mark.parametrize("javascript", [True, False], ids=["JavaScript", "no JavaScript"])
CERTIFICATES = "/security/client-certificates/"


@with_and_without_javascript
def test_the_calls_tab_keeps_what_was_chosen(person: Callable[..., Page], portal: Portal, *, javascript: bool) -> None:
    page = person(java_script_enabled=javascript)
    walker = Walker.on(page, portal, ENGLISH)
    walker.add_api()
    walker.tab("Calls").click()
    sites = page.get_by_label("Sites that may call")
    expect(sites).to_be_visible(visible=not javascript)  # without a script nothing is hidden

    page.get_by_label("Time without a byte").fill("300")
    page.get_by_label("Who answers browsers").select_option("gateway")
    sites.fill("https://shop.example.com")
    walker.main.get_by_role("button", name="Save", exact=True).click()

    expect(page.locator("#messages")).to_contain_text("Saved.")
    expect(page.get_by_label("Time without a byte")).to_have_value("300")
    expect(sites).to_have_value("https://shop.example.com")
    walker.tab("Policy").click()
    expect(walker.main).to_contain_text('<forward-request timeout="300" />')
    expect(walker.main).to_contain_text("<origin>https://shop.example.com</origin>")


@with_and_without_javascript
def test_a_certificate_is_pasted(person: Callable[..., Page], portal: Portal, *, javascript: bool) -> None:
    page = person(java_script_enabled=javascript)
    walker = Walker.on(page, portal, ENGLISH)
    issued = portal.client_certificate(walker.name)
    page.goto(f"{CERTIFICATES}upload/")
    text = page.get_by_label("Or paste PEM text")
    expect(text).to_be_hidden()

    page.get_by_text("A separate key file, or PEM text to paste").click()
    text.fill(issued.pem)
    walker.main.get_by_role("button", name="Upload", exact=True).click()
    expect(page.locator("#errors")).to_contain_text("private key")
    expect(text).to_be_visible()  # the part stands open, for the text has to be pasted again
    expect(text).to_have_value("")

    text.fill(issued.pem + issued.key_pem)
    walker.main.get_by_role("button", name="Upload", exact=True).click()

    expect(walker.heading).to_have_text(walker.name)


@with_and_without_javascript
def test_a_file_that_was_there_before_offers_to_roll_back(person: Callable[..., Page], portal: Portal, *, javascript: bool) -> None:
    page = person(java_script_enabled=javascript)
    walker = Walker.on(page, portal, ENGLISH)
    first, second = portal.client_certificate(walker.name), portal.client_certificate(walker.name)
    walker.open_client_certificates()
    walker.upload(first)
    for issued in (second, first):
        page.goto(f"{CERTIFICATES}{walker.name}/replace/")
        walker.give_file(issued, password=PASSWORD)
        walker.main.get_by_role("button", name="Replace now").click()
        page.wait_for_load_state()

    expect(page.locator("#errors")).to_contain_text("This is version 1")
    walker.main.get_by_role("button", name="Roll back to version 1").click()
    walker.main.get_by_role("button", name="Yes, roll back").click()

    expect(walker.main).to_contain_text(first.thumbprint[-4:])
    expect(page.get_by_role("row").filter(has_text="Current")).to_contain_text(first.thumbprint[-4:])


def test_axe_finds_nothing_where_parts_are_opened(person: Callable[..., Page], portal: Portal) -> None:
    page = person(viewport={"width": 390, "height": 800}, reduced_motion="reduce")
    page.goto(f"{CERTIFICATES}upload/")
    page.get_by_text("A separate key file, or PEM text to paste").click()
    assert complaints_of_axe(page) == []
    page.goto("/apis/orders/calls/")
    page.get_by_label("Who answers browsers").select_option("gateway")
    page.get_by_label("Time to connect").fill("0")
    page.locator("main form.card button.main").click()
    expect(page.locator("#errors")).to_contain_text("from 1 to 60")
    assert complaints_of_axe(page) == []
    assert portal.url in page.url
