"""What the frame adds in a browser: copying, guarding, revealing, the menu, theme and language; and Django admin under the same policy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from tests.processes import Portal

UPLOAD = "/security/client-certificates/upload/"
_GROUND = "getComputedStyle(document.body).backgroundColor"


def test_a_copy_button_copies_and_says_so(person: Callable[..., Page]) -> None:
    page = person(permissions=["clipboard-read", "clipboard-write"])
    page.goto("/apis/orders/")
    button = page.locator("[data-copy]").first
    button.click()
    expect(button).to_contain_text("Copied")
    expect(page.locator("#announcer")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == button.get_attribute("data-copy")
    expect(button).to_contain_text("Copy")


def test_where_scripts_do_not_run_there_is_no_copy_button(person: Callable[..., Page]) -> None:
    page = person(java_script_enabled=False)
    page.goto("/apis/orders/")
    expect(page.locator("[data-copy]").first).to_be_hidden()


def test_leaving_what_was_typed_asks_first_and_saving_does_not(person: Callable[..., Page]) -> None:
    page = person()
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", stay)
    page.goto("/accounts/preferences/")
    page.get_by_label("As the system").check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#messages")).to_contain_text("saved")
    assert asked == []
    page.goto("/apis/new/")
    page.locator("[name=display_name]").press_sequentially("Half an idea")
    page.locator(".menu").get_by_role("link", name="Activity").click()
    expect(page.locator("h1")).to_have_text("Activity")
    assert asked == ["beforeunload"]


def test_a_chosen_file_is_named_in_its_drop_zone(person: Callable[..., Page]) -> None:
    page = person()
    page.goto(UPLOAD)
    page.locator("[name=file]").set_input_files({"name": "client.pfx", "mimeType": "application/x-pkcs12", "buffer": b"x" * 2662})
    expect(page.locator("[data-drop]").filter(has=page.locator("[name=file]"))).to_contain_text("client.pfx · 2.6 kB")


def test_an_upload_on_its_way_says_so(person: Callable[..., Page]) -> None:
    page = person()
    page.goto(UPLOAD)
    page.evaluate("document.addEventListener('submit', event => event.preventDefault())")  # it never arrives
    page.locator("main button.main").click()
    expect(page.locator(".busy progress")).to_be_visible()
    expect(page.locator("main button.main")).to_have_attribute("aria-busy", "true")


def test_a_drop_down_reveals_the_fields_that_belong_to_it(person: Callable[..., Page]) -> None:
    page = person()
    page.goto("/apis/orders/security/")
    credentials = page.locator("[name=credentials]")
    for value, shown, hidden in (("basic", "username", "certificate"), ("client-certificate", "certificate", "username")):
        credentials.select_option(value)
        expect(page.locator(f"[name={shown}]")).to_be_visible()
        expect(page.locator(f"[name={hidden}]")).to_be_hidden()
    credentials.select_option("none")
    expect(page.locator("[name=username]")).to_be_hidden()


@pytest.mark.parametrize("modifier", ["Control", "Meta"])
def test_ctrl_k_leads_into_the_search_over_everything(person: Callable[..., Page], modifier: str) -> None:
    page = person(viewport={"width": 1280, "height": 800})
    page.goto("/apis/orders/")
    page.keyboard.press(f"{modifier}+k")
    expect(page.locator(".menu .search input")).to_be_focused()
    page.keyboard.type("orders")
    page.keyboard.press("Enter")
    expect(page.locator("main a[href='/apis/orders/']").first).to_be_visible()
    page.keyboard.press(f"{modifier}+k")
    expect(page.locator("main [role=search] input[type=search]").first).to_be_focused()


def test_on_a_phone_where_the_menu_is_closed_ctrl_k_leads_to_the_page_of_the_search(person: Callable[..., Page]) -> None:
    page = person(viewport={"width": 390, "height": 844})
    page.goto("/apis/orders/")
    page.keyboard.press("Control+k")
    page.wait_for_url("**/search/")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_the_menu_fits_the_window_wherever_one_is(person: Callable[..., Page], language: str, width: int, height: int) -> None:
    page = person(language=language, viewport={"width": width, "height": height})
    for path in ("/", "/apis/", "/security/client-certificates/", "/people/", "/settings/", "/settings/about/"):
        page.goto(path)
        if page.locator(".opens-menu").is_visible():
            page.locator(".opens-menu").click()
        assert page.locator(".menu").evaluate("menu => menu.scrollHeight <= menu.clientHeight"), path


@pytest.mark.parametrize("java_script_enabled", [True, False])
def test_a_group_of_the_menu_opens_where_one_is_and_by_its_arrow(person: Callable[..., Page], java_script_enabled: bool) -> None:
    page = person(java_script_enabled=java_script_enabled, viewport={"width": 1280, "height": 800})
    page.goto("/")
    menu = page.locator(".menu")
    expect(menu.get_by_role("link", name="Client certificates")).to_be_visible()
    expect(menu.get_by_role("link", name="Retention")).to_be_hidden()
    menu.locator("summary", has_text="Pages of Settings").click()
    menu.get_by_role("link", name="Retention").click()
    expect(menu.get_by_role("link", name="Retention")).to_have_attribute("aria-current", "page")
    expect(menu.get_by_role("link", name="Client certificates")).to_be_hidden()
    menu.get_by_role("link", name="Security", exact=True).click()
    expect(page.locator("h1")).to_have_text("Client certificates")


def test_what_stands_within_a_part_that_is_hidden_is_not_sent(person: Callable[..., Page]) -> None:
    page = person()
    page.goto("/apis/orders/security/")
    secret, credentials = page.locator("[name=client_secret]"), page.locator("[name=credentials]")
    expect(secret).to_be_disabled()
    credentials.select_option("oauth2")
    expect(secret).to_be_enabled()
    page.locator("[name=client_authentication]").select_option("certificate")
    expect(secret).to_be_disabled()
    page.locator("[name=client_authentication]").select_option("body")
    credentials.select_option("none")
    expect(secret).to_be_disabled()


@pytest.mark.parametrize("java_script_enabled", [True, False])
def test_the_menu_of_a_phone_opens_and_closes(person: Callable[..., Page], java_script_enabled: bool) -> None:
    page = person(java_script_enabled=java_script_enabled, viewport={"width": 390, "height": 800})
    page.goto("/")
    link = page.locator(".menu").get_by_role("link", name="Activity")
    expect(link).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    expect(link).to_be_visible()
    page.get_by_role("button", name="Close").click()
    expect(link).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    link.click()
    expect(page.locator("h1")).to_have_text("Activity")


def test_the_theme_is_chosen_in_the_page_without_a_script_and_rendered_at_once(person: Callable[..., Page]) -> None:
    page = person(java_script_enabled=False, color_scheme="light")
    page.goto("/")
    light = page.evaluate(_GROUND)
    for name, kept in (("Dark", "dark"), ("As the system", "auto")):
        page.locator(".opens-account").click()
        page.get_by_role("button", name=name, exact=True).click()
        expect(page.locator("html")).to_have_attribute("data-theme", kept)
        assert (page.evaluate(_GROUND) == light) is (kept == "auto")


def test_the_language_is_chosen_in_the_page_without_a_script(person: Callable[..., Page]) -> None:
    page = person(java_script_enabled=False, signed_in=False)
    page.goto("/accounts/login/")
    page.get_by_role("button", name="中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_what_htmx_cannot_fetch_is_told(browser: Browser, portal: Portal, signed_in_state: Any) -> None:
    with browser.new_context(base_url=portal.url, storage_state=signed_in_state, locale="en-US") as context:  # htmx complains, rightly
        page = context.new_page()
        page.goto("/activity/")
        page.route("**/activity/?**", lambda route: route.abort())
        page.locator("#id_kind").select_option("api")
        expect(page.locator("#messages")).to_contain_text("That did not work")


def test_a_search_is_in_the_address_and_the_back_button_undoes_it(person: Callable[..., Page]) -> None:
    page = person()
    page.goto("/activity/")
    with page.expect_response("**/activity/?**"):
        page.locator("#id_kind").select_option("gateway")
    page.wait_for_url("**kind=gateway**")
    page.reload()
    expect(page.locator("#id_kind")).to_have_value("gateway")
    page.go_back()
    expect(page.locator("h1")).to_have_text("Activity")
    expect(page.locator("html.js")).to_be_attached()


@pytest.mark.parametrize("path", ["", "auth/user/", "auth/user/add/", "portal/activity/", "certificates/clientcertificate/"])
def test_django_admin_works_under_the_same_policy(person: Callable[..., Page], portal: Portal, path: str) -> None:
    page = person()  # complaints about the policy fail the test
    page.goto(f"/admin/{path}")
    expect(page.locator("#site-name")).to_have_text("Publisher portal")
