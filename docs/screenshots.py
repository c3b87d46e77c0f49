"""``python -m docs.screenshots``: starts the whole thing with a demonstration, does the article's walk and takes pictures.

Without arguments: the pictures under ``docs/screenshots``. ``--all FOLDER``: every page in both languages, both themes and four widths,
for looking at.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from docs.life import lived, newest_receipt, show_source, show_staying, show_tries, with_authority
from docs.steps import LIST, certificate, give_file, press_main, upload
from kit.issuing import issue
from tests.browser import chromium
from tests.processes import Portal

FOLDER = Path(__file__).resolve().parent / "screenshots"
LOCALES = {"en": "en-US", "zh-hans": "zh-CN"}
THEMES = ("light", "dark")
USUAL = 1280
HEIGHTS = {1920: 1080, USUAL: 800, 768: 1024, 390: 844}
DEFINITION = (
    "openapi: 3.0.3\ninfo: {title: Shop orders, version: '1'}\nservers: [{url: 'https://shop.example.com/v1'}]\npaths:\n"
    "  /orders/{id}:\n    get: {operationId: getOrder, summary: Get an order, responses: {'200': {description: The order}}}\n"
    "    delete: {operationId: cancelOrder, summary: Cancel an order, responses: {'204': {description: Cancelled}}}\n"
    "  /orders/{number}:\n    get: {operationId: byNumber, responses: {'200': {description: The order}}}\n"
    "components: {securitySchemes: {key: {type: apiKey, name: x-key, in: header}}}\n"
)
FURTHER_CERTIFICATES = (
    *("claims-adapter", "courier-north", "ledger-sync", "rates-feed", "inventory", "customs-filing", "partner-portal", "tickets"),
    *("payments-eu", "payments-us", "archive-2025", "billing-test", "quotes", "shipping", "returns-hub", "fraud-check", "loyalty"),
)
FURTHER_APIS = (
    *("Claims", "Quotes", "Payments EU", "Payments US", "Inventory", "Rates", "Ledger", "Partners", "Tickets", "Shipping", "Customs"),
    *("Loyalty", "Fraud check", "Catalogue", "Archive", "Courier"),
)


def tested_before_it_is_added(page: Page, portal: Portal) -> None:
    """Test where a new API would lead, before it is added."""
    page.locator("[name=display_name]").fill("Orders")
    page.locator("[name=service_url]").fill(portal.backend_url)
    page.locator("[formaction$='/test/']").click()
    page.locator("#test").wait_for()


def nothing(_page: Page, _portal: Portal) -> None:
    """Take the page as it comes."""


def wrong_password(page: Page, portal: Portal) -> None:
    """Try to upload with a wrong password."""
    upload(page, portal.demo.client.read_bytes(), "not-the-password", name="orders-client")


def taken_back(page: Page, portal: Portal) -> None:
    """Give a version that the back end does not take to a canary, and wait until it was taken back."""
    if page.locator("#probation").count():
        return
    there = page.url
    _let_stock_present_warehouse(page, portal)
    page.goto(f"{LIST}warehouse/replace/")
    pfx = issue("warehouse", by=issue("Another authority", authority=True)).pfx_file("a password")
    give_file(page, pfx)
    page.locator("button[value=try]").click()
    page.locator("[name=canary]").fill("stock")
    page.locator("main form.card button.main").click()
    page.locator("#probation").wait_for()
    for _ in range(60):
        if page.locator("#probation.bad").count():
            break
        portal.call("/stock/1")
        page.goto(there)


def _let_stock_present_warehouse(page: Page, portal: Portal) -> None:
    page.goto("/apis/stock/operations/")
    press_main(page)  # add everything
    page.goto("/apis/stock/settings/")
    page.locator("[name=subscription_required]").uncheck()
    press_main(page)
    page.goto("/apis/stock/security/")
    page.locator("[name=credentials]").select_option("client-certificate")
    page.locator("[name=certificate]").select_option("warehouse")
    page.locator("[name=trusted_ca]").fill(portal.demo.authority.read_text())
    page.locator("main form.card button.main").first.click()
    page.get_by_text("Live on 1 of 1 gateway").wait_for()
    for number in range(20):
        portal.call(f"/stock/{number}")


def begin_a_policy(page: Page, _portal: Portal) -> None:
    """Begin a statement, so that the editor offers some."""
    document = page.locator("[name=document]")
    document.fill("<policies>\n  <inbound>\n    <base />\n    ")
    document.press_sequentially("<set-")
    page.wait_for_timeout(1_000)


def mistake_a_policy(page: Page, _portal: Portal) -> None:
    """Write a statement that there is not."""
    page.locator("[name=document]").fill("<policies>\n  <inbound>\n    <base />\n    <quota />\n  </inbound>\n</policies>\n")
    page.locator("[data-goes-to-line]").wait_for()


def a_named_value(page: Page, _portal: Portal) -> None:
    """Make a named value that a back end uses, once."""
    if page.locator("h1 bdi").count():
        return
    there = page.url
    page.goto("/named-values/new/")
    page.locator("[name=display_name]").fill("stage")
    page.locator("[name=value]").fill("test.example.com")
    press_main(page)
    page.goto("/back-ends/new/")
    page.locator("[name=title]").fill("Stage")
    page.locator("[name=addresses]").fill("https://{{stage}}/v2")
    press_main(page)
    page.goto(there)


def move(page: Page, _portal: Portal) -> None:
    """Choose where the APIs shall move to, and wait until that was tried."""
    page.locator("[name=to]").select_option("billing")
    page.locator("main form.card button.main").click()
    page.wait_for_timeout(6_000)


def paste(page: Page, _portal: Portal) -> None:
    """Paste a definition and go on to its preview."""
    page.locator("[name=document]").fill(DEFINITION)
    page.locator("form[enctype] button.main").click()
    page.locator("[name=kept]").wait_for(state="attached")


def call(page: Page, _portal: Portal) -> None:
    """Call the API from its test tab."""
    page.locator("form[hx-post] button.main").click()
    page.locator("#answer > *").first.wait_for()


def look_closely(page: Page, _portal: Portal) -> None:
    """Test the connection of the API."""
    page.locator("button[hx-post$='/security/test/']").click()
    page.locator("#test").wait_for()


def keys(page: Page, _portal: Portal) -> None:
    """Show the keys of a subscription; the picture hides them."""
    page.locator("form[action$='/keys/'] button").click()
    page.locator("[data-copy]").first.wait_for()


def menu(page: Page, _portal: Portal) -> None:
    """Open the menu, where it opens."""
    if page.locator(".opens-menu").is_visible():
        page.locator(".opens-menu").click()


def saved(page: Page, _portal: Portal) -> None:
    """Save another description, so that it can be undone."""
    page.goto(page.url.replace("/history/", "/settings/"))
    field = page.locator("[name=description]")
    field.fill("Orders of the shop." if field.input_value() != "Orders of the shop." else "Orders of the shop, and what became of them.")
    page.locator("main form button.main").click()
    page.locator(".note.good").wait_for()


def changed(page: Page, portal: Portal) -> None:
    """Change something, then look at the history."""
    history = page.url
    saved(page, portal)
    page.goto(history)


def closely(page: Page, portal: Portal) -> None:
    """Look at the newest change but one."""
    changed(page, portal)
    changed(page, portal)
    page.goto(str(page.locator(".log details a").nth(1).get_attribute("href")))


def a_back_end(page: Page, portal: Portal) -> None:
    """Add a back end with two addresses, if need be, and wait until the gateway has said how they are."""
    wanted = page.url
    page.goto("/back-ends/new/")
    page.locator("[name=title]").fill("Shop")
    page.locator("[name=name]").fill("shop")
    page.locator("[name=addresses]").fill(f"{portal.backend_url} weight=3\nhttps://127.0.0.1:9 priority=1")
    page.locator("[name=eject_after]").fill("5")
    page.locator("main form.card button.main").click()
    page.goto(wanted)
    page.wait_for_timeout(4_000)


@dataclass(frozen=True)
class Picture:
    """One page in one state."""

    name: str
    path: str
    prepare: Callable[[Page, Portal], None] = nothing
    documented: bool = True
    also: tuple[tuple[str, int], ...] = field(default=())  # further themes and widths in the documents


PICTURES = (
    Picture("dashboard", "/", also=(("dark", 1280),)),
    Picture("certificates", LIST, also=(("dark", 1280), ("light", 390))),
    Picture("upload", f"{LIST}upload/", wrong_password),
    Picture("certificate", f"{LIST}orders-client/"),
    Picture("hand-over", f"{LIST}orders-client/hand-over/", documented=False),
    Picture("in-use", f"{LIST}orders-client/delete/"),
    Picture("replace", f"{LIST}billing/replace/", documented=False),
    Picture("compare", f"{LIST}partner/replace/confirm/"),
    Picture("confirm", f"{LIST}partner/replace/confirm/", show_tries),
    Picture("staying", f"{LIST}supplier/", show_staying),
    Picture("staying-api", "/apis/supplier-stock/", documented=False),
    Picture("receipt", f"{LIST}supplier/", newest_receipt),
    Picture("scheduled", f"{LIST}payments-eu/"),
    Picture("canary", f"{LIST}claims-adapter/"),
    Picture("canary-api", "/apis/claims/"),
    Picture("canary-other", "/apis/payments-us/", documented=False),
    Picture("taken-back", f"{LIST}warehouse/", taken_back),
    Picture("destroy", f"{LIST}rates-feed/versions/1/destroy/"),
    Picture("acme", f"{LIST}ordered-client/", show_source),
    Picture("acme-order", f"{LIST}request/acme/", documented=False),
    Picture("key-made-here", f"{LIST}harbour/request/"),
    Picture("move", f"{LIST}orders-client/move/", documented=False),
    Picture("move-confirm", f"{LIST}orders-client/move/", move),
    Picture("sources", "/security/sources/"),
    Picture("timeline", "/security/timeline/"),
    Picture("doctor", "/security/doctor/"),
    Picture("rules", f"{LIST}orders-client/rules/", documented=False),
    Picture("signing-request", f"{LIST}request/", documented=False),
    Picture("watch", f"{LIST}watch/", documented=False),
    Picture("apis", "/apis/"),
    Picture("people", "/people/", documented=False),
    Picture("person", "/people/admin/", documented=False),
    Picture("invite", "/people/invite/", documented=False),
    Picture("profile", "/accounts/profile/", documented=False),
    Picture("api", "/apis/orders/"),
    Picture("security", "/apis/orders/security/", also=(("dark", 1280), ("light", 390))),
    Picture("connection-test", "/apis/orders/security/", look_closely),
    Picture("calls", "/apis/orders/calls/", documented=False),
    Picture("monitoring", "/apis/orders/calls/#id_trace_percent", documented=False),
    Picture("who-calls", "/apis/orders/#key-use", documented=False),
    Picture("operations", "/apis/orders/operations/", documented=False),
    Picture("settings", "/apis/orders/settings/", documented=False),
    Picture("api-new", "/apis/new/", documented=False),
    Picture("api-new-tested", "/apis/new/", tested_before_it_is_added, documented=False),
    Picture("import", "/apis/new/import/", documented=False),
    Picture("import-preview", "/apis/new/import/", paste, documented=False),
    Picture("import-difference", "/apis/orders/operations/new/import/", paste, documented=False),
    Picture("policy", "/apis/orders/policy/"),
    Picture("policy-of-all", "/policies/", documented=False),
    Picture("policy-completions", "/apis/orders/policy/", begin_a_policy, documented=False),
    Picture("policy-mistake", "/apis/orders/policy/", mistake_a_policy, documented=False),
    Picture("statement", "/apis/orders/policy/add/set-header/", documented=False),
    Picture("named-values", "/named-values/", documented=False),
    Picture("named-value-new", "/named-values/new/", documented=False),
    Picture("console", "/apis/orders/console/", call),
    Picture("named-value", "/named-values/stage/", a_named_value, documented=False),
    Picture("named-value-history", "/named-values/stage/history/", a_named_value, documented=False),
    Picture("back-end-history", "/back-ends/shop/history/", a_back_end, documented=False),
    Picture("back-ends", "/back-ends/", a_back_end, documented=False),
    Picture("back-end", "/back-ends/shop/", a_back_end, documented=False),
    Picture("back-end-new", "/back-ends/new/", documented=False),
    Picture("subscriptions", "/subscriptions/", documented=False),
    Picture("subscription", "/subscriptions/demo/#key-use", documented=False),
    Picture("failures", "/failures/", documented=False),
    Picture("notices", "/notices/"),
    Picture("channel", "/notices/channels/new/", documented=False),
    Picture("export-and-import", "/settings/configuration/", documented=False),
    Picture("owners", "/notices/of/client/orders-client/", documented=False),
    Picture("gateways", "/gateways/"),
    Picture("activity", "/activity/"),
    Picture("server-certificates", "/security/server-certificates/", documented=False),
    Picture("authorities", "/security/trusted-authorities/"),
    Picture("authority", "/security/trusted-authorities/demonstration-ca/"),
    Picture("authority-upload", "/security/trusted-authorities/upload/", documented=False),
    Picture("callers", "/apis/orders/callers/", documented=False),
    Picture("second-factors", "/accounts/second-factors/", documented=False),
    Picture("sessions", "/accounts/sessions/", documented=False),
    Picture("sign-in-settings", "/settings/sign-in/", documented=False),
    Picture("guide", "/help/stories/", documented=False),
    Picture("all-settings", "/settings/", documented=False),
    Picture("retention", "/settings/retention/", documented=False),
    Picture("about", "/settings/about/", documented=False),
    Picture("preferences", "/accounts/preferences/", documented=False),
    Picture("history", "/apis/orders/history/", changed, documented=False),
    Picture("change", "/apis/orders/history/", closely, documented=False),
    Picture("undo", "/apis/orders/settings/", saved, documented=False),
    Picture("policies", "/apis/orders/policy/history/", documented=False),
    Picture("certificate-history", f"{LIST}orders-client/history/", documented=False),
    Picture("not-found", "/nowhere/", documented=False),
    Picture("menu", "/", menu, documented=False),
)


def main() -> None:
    """Make the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", metavar="FOLDER", type=Path, help="take every page in every language, theme and width")
    parser.add_argument("--only", metavar="NAME", action="append", help="take only this page; may be given again")
    chosen = parser.parse_args()
    pictures = [picture for picture in PICTURES if not chosen.only or picture.name in chosen.only]
    with tempfile.TemporaryDirectory(prefix="portal-screenshots-") as folder, with_authority(Path(folder)) as portal, _browser() as browser:
        state = _furnish(browser, portal)
        with _page(browser, portal, state, language="en", theme="light", width=USUAL) as before, lived(before, portal):
            _take(browser, portal, state, pictures, everything=chosen.all)


def _take(browser: Browser, portal: Portal, state: Any, pictures: Sequence[Picture], *, everything: Path | None) -> None:
    for language, theme, width in itertools.product(LOCALES, THEMES, HEIGHTS):
        wanted = [picture for picture in pictures if everything or _is_documented(picture, theme, width)]
        with _page(browser, portal, state, language=language, theme=theme, width=width) as page:
            for picture in wanted:
                page.goto(picture.path)
                picture.prepare(page, portal)
                page.wait_for_timeout(300)  # the live status settles
                _save(page, _file(picture.name, language, theme, width, everything))


def _is_documented(picture: Picture, theme: str, width: int) -> bool:
    return picture.documented and (theme, width) in {("light", USUAL), *picture.also}


def _file(name: str, language: str, theme: str, width: int, everything: Path | None) -> Path:
    if everything:
        return everything / f"{name}-{width}-{theme}-{language}.png"
    suffix = ("-dark" if theme == "dark" else "") + (f"-{width}" if width != USUAL else "")
    return FOLDER / language / f"{name}{suffix}.png"


def _save(page: Page, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=file)
    print(file)  # noqa: T201 - what was made


@contextmanager
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.executable(), args=chromium.launch_arguments())
        yield browser
        browser.close()


@contextmanager
def _page(  # noqa: PLR0913 - each is one choice
    browser: Browser, portal: Portal, state: Any, *, language: str, theme: str, width: int
) -> Iterator[Page]:
    size: Any = {"width": width, "height": HEIGHTS[width]}
    scheme: Any = theme
    context = browser.new_context(
        base_url=portal.url, storage_state=state, viewport=size, color_scheme=scheme, locale=LOCALES[language], reduced_motion="reduce"
    )
    yield context.new_page()
    context.close()


def _furnish(browser: Browser, portal: Portal) -> Any:
    """Sign in, upload certificates, choose one on the API, call it often; return the cookies."""
    context = browser.new_context(base_url=portal.url, locale="en-US")
    page = context.new_page()
    page.goto("/accounts/login/")
    page.locator("main [name=username]").fill(portal.user_name)
    page.locator("main [name=password]").fill(portal.password)
    page.locator("main button.main").click()
    upload(page, portal.demo.client.read_bytes(), portal.demo.client_password.read_text(), name="orders-client")
    for name, days in (("billing", 345), ("warehouse", 13), ("legacy-soap", -4), ("spare-2027", 372)):
        upload(page, certificate(portal, name, days).pfx_file("a password"), "a password", name=name)
    portal.call("/orders/1")  # refused by the back end: no certificate yet
    page.goto("/apis/orders/security/")
    page.locator("[name=credentials]").select_option("client-certificate")
    page.locator("[name=certificate]").select_option("orders-client")
    page.locator("main form.card button.main").first.click()
    page.get_by_text("Live on 1 of 1 gateway").wait_for()
    for name, path in (("Returns", "returns"), ("Stock", "stock")):
        page.goto("/apis/new/")
        page.locator("[name=display_name]").fill(name)
        page.locator("[name=service_url]").fill(portal.backend_url)
        page.locator("[name=path]").fill(path)
        page.locator("main button.main").click()
        page.wait_for_url(f"**/apis/{path}/**")
    _fill(page, portal)
    for number in range(240):
        portal.call(f"/orders/{number}")
    page.wait_for_timeout(12_000)  # until the gateway has reported them
    state = context.storage_state()
    context.close()
    return state


def _fill(page: Page, portal: Portal) -> None:
    """Add what fills the lists: certificates that end in turn, and APIs, most of which present one."""
    for number, name in enumerate(FURTHER_CERTIFICATES):
        upload(page, certificate(portal, name, 5 + 19 * number).pfx_file("a password"), "a password", name=name)
    for number, name in enumerate(FURTHER_APIS):
        page.goto("/apis/new/")
        page.locator("[name=display_name]").fill(name)
        page.locator("[name=service_url]").fill(portal.backend_url)
        page.locator("[name=path]").fill(f"further-{number}")
        page.locator("main button.main").click()
        page.wait_for_url("**/operations/")
        if number % 8 == 7:  # noqa: PLR2004 - some present nothing
            continue
        page.goto(page.url.replace("/operations/", "/security/"))
        page.locator("[name=credentials]").select_option("client-certificate")
        page.locator("[name=certificate]").select_option("claims-adapter" if number % 3 == 0 else "orders-client")
        page.locator("[name=trusted_ca]").fill(portal.demo.authority.read_text())
        page.locator("main form.card button.main").first.click()
        page.wait_for_load_state()


if __name__ == "__main__":
    main()
