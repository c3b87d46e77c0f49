"""What people do beside the article's walk: set how calls go on, paste a certificate, roll back to what they had."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.apis.documents import TEXT
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
def test_a_connection_is_tested_before_there_is_an_api(person: Callable[..., Page], portal: Portal, *, javascript: bool) -> None:
    page = person(java_script_enabled=javascript)
    page.goto("/apis/new/")
    page.get_by_label("Web service URL").fill(portal.backend_url)
    page.get_by_role("button", name="Test this connection").click()
    found = page.locator("#test")
    expect(found).to_contain_text("which is not saved")
    expect(found).to_contain_text("From the gateway")
    expect(found).to_contain_text(portal.backend_url)
    expect(page.get_by_label("Web service URL")).to_have_value(portal.backend_url)


def test_the_rule_beside_the_drop_down_follows_the_choice_before_it_is_saved(person: Callable[..., Page], portal: Portal) -> None:
    page = person()
    walker = Walker.on(page, portal, ENGLISH)
    issued = portal.client_certificate(walker.name)
    walker.open_client_certificates()
    walker.upload(issued)
    walker.add_api()
    page.goto(f"/apis/{walker.name}/security/")
    rule = page.locator("#policy-of-choice")
    saved = rule.inner_text()
    walker.choose(issued)
    expect(rule).to_contain_text(issued.thumbprint)
    expect(rule).to_contain_text("Not saved yet")
    walker.choose_nothing()
    expect(rule).not_to_contain_text("authentication-")
    page.locator("[name=credentials]").select_option("basic")
    page.locator("[name=username]").fill("shop")
    page.locator("[name=password]").fill("a-password-of-the-back-end")
    page.locator("[name=password]").press("Tab")
    expect(rule).to_contain_text('<authentication-basic username="shop"')
    expect(rule).not_to_contain_text("a-password-of-the-back-end")
    page.once("dialog", lambda dialog: dialog.accept())  # what was typed is not lost without asking
    page.goto(f"/apis/{walker.name}/security/")
    assert rule.inner_text() == saved, "nothing was stored"


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


def test_a_definition_becomes_an_api_and_a_later_one_changes_it(person: Callable[..., Page], portal: Portal) -> None:
    page = person(java_script_enabled=False)
    walker = Walker.on(page, portal, ENGLISH)
    page.goto("/apis/")
    walker.main.get_by_role("link", name="Import", exact=True).click()
    page.get_by_label("Pasted text").fill(TEXT)
    walker.main.get_by_role("button", name="Preview", exact=True).click()
    expect(walker.main).to_contain_text("Security schemes are left out: key")
    page.get_by_label("Web API name").fill(walker.name)
    page.get_by_label("Web API URL suffix").fill(walker.name)
    walker.main.get_by_role("button", name="Import", exact=True).click()
    expect(page.locator("#messages")).to_contain_text("was added with 3 operations.")

    walker.main.get_by_role("link", name="Import", exact=True).click()
    page.get_by_label("File").set_input_files(
        {"name": "pets.json", "mimeType": "application/json", "buffer": TEXT.replace("/find", "/look").encode()}
    )
    walker.main.get_by_role("button", name="Show what changes", exact=True).click()
    expect(walker.main).to_contain_text("0 added, 1 changed, 0 not in the document, 2 as they are.")
    expect(walker.main).to_contain_text("Would stop working")
    walker.main.get_by_role("button", name="Import", exact=True).click()
    expect(walker.main).to_contain_text("/look?q={q}")
