"""A certificate's life, as the guide tells it: what has to have happened before its pictures are taken."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page

from docs.steps import LIST, PASSWORD, certificate, give_file, press_main, upload
from kit.acme import AcmeAuthority
from kit.issuing import Issued, issue
from kit.ports import free_ports
from tests.gateway.backends import Backend
from tests.processes import Portal


@contextlib.contextmanager
def with_authority(folder: Path) -> Iterator[Portal]:
    """Run the portal and an ACME authority that it may order from."""
    (port,) = free_ports(1)
    portal = Portal(folder / "home", {"PORTAL_ACME_DIRECTORIES": f"http://127.0.0.1:{port}/directory"})
    (files := folder / "authority").mkdir()
    asked = urlsplit(portal.url).port or 80
    with AcmeAuthority(files, issue("Example ACME Root", authority=True), port=port, names_port=asked), portal:
        yield portal


@contextlib.contextmanager
def lived(page: Page, portal: Portal) -> Iterator[None]:
    """Let certificates have lived; their back ends run as long as the block does."""
    another = issue("Another authority", authority=True)
    shown = issue("Back ends", by=portal.authority, hosts=("localhost", "127.0.0.1"))
    with contextlib.ExitStack() as stack:
        more, alike = (Backend(shown, portal.authority, accepts_too=another) for _ in range(2))
        strict = Backend(shown, portal.authority)
        for one in (more, alike, strict):
            stack.enter_context(one)
        _present(page, portal, "partner", {"Partner orders": more, "Partner stock": alike, "Partner returns": strict})
        _try(page, "partner", issue("partner", by=another))
        _present(page, portal, "supplier", {"Supplier orders": more, "Supplier stock": strict})
        _switch_accepting(page, issue("supplier", by=another))
        _schedule(page, portal)
        _begin_with_one(page, portal)
        _renew_by_itself(page, portal)
        _replace(page, portal)
        yield


def newest_receipt(page: Page, _portal: Portal) -> None:
    """Open the receipt of the newest switch, from the page of its entry."""
    page.goto(str(page.locator("#receipts + ul a").first.get_attribute("href")))


def show_tries(page: Page, _portal: Portal) -> None:
    """Show what came of the try."""
    page.locator("#tries").scroll_into_view_if_needed()


def show_source(page: Page, _portal: Portal) -> None:
    """Show what an entry renews itself from."""
    page.locator("#source").scroll_into_view_if_needed()


def show_staying(page: Page, _portal: Portal) -> None:
    """Show who stays."""
    page.locator("#staying").scroll_into_view_if_needed()


def _present(page: Page, portal: Portal, name: str, back_ends: dict[str, Backend]) -> None:
    upload(page, certificate(portal, name, 21).pfx_file(PASSWORD), PASSWORD, name=name)
    for title, backend in back_ends.items():
        page.goto("/apis/new/")
        page.locator("[name=display_name]").fill(title)
        page.locator("[name=service_url]").fill(f"https://127.0.0.1:{backend.port}")
        page.locator("[name=path]").fill(title.lower().replace(" ", "-"))
        page.locator("main button.main").click()
        page.wait_for_url("**/operations/")
        page.goto(page.url.replace("/operations/", "/security/"))
        page.locator("[name=credentials]").select_option("client-certificate")
        page.locator("[name=certificate]").select_option(name)
        page.locator("[name=trusted_ca]").fill(portal.authority.pem)
        press_main(page)


def _try(page: Page, name: str, issued: Issued) -> None:
    page.goto(f"{LIST}{name}/replace/")
    give_file(page, issued.pfx_file(PASSWORD))
    page.locator("button[value=try]").click()
    page.locator("#tries button").last.wait_for()


def _switch_accepting(page: Page, issued: Issued) -> None:
    _try(page, "supplier", issued)
    page.locator("#tries .badge.bad").first.wait_for()
    page.locator("#tries input[value=accepted] ~ button").click()
    page.locator("#staying").wait_for()


def _schedule(page: Page, portal: Portal) -> None:
    _try(page, "payments-eu", certificate(portal, "payments-eu", 400))
    at = datetime.now(UTC) + timedelta(days=4)
    page.locator("[name=when][value=at]").check()
    page.locator("[name=at]").fill(f"{at:%Y-%m-%d}T02:00")
    page.locator("main form.card button.main").click()
    page.wait_for_url("**/payments-eu/")


def _begin_with_one(page: Page, portal: Portal) -> None:
    _try(page, "claims-adapter", certificate(portal, "claims-adapter", 380))
    page.locator("[name=canary]").fill("claims")
    page.locator("[name=canary_minutes]").fill("240")
    page.locator("main form.card button.main").click()
    page.locator("#probation").wait_for()


def _renew_by_itself(page: Page, portal: Portal) -> None:
    watched = portal.home / "watched"
    watched.mkdir(exist_ok=True)
    issued = certificate(portal, "mesh-client", 60)
    (watched / "mesh-client.pem").write_text(issued.pem + issued.key_pem)
    page.goto(f"{LIST}watch/")
    page.locator("[name=name]").fill("mesh-client")
    page.locator("[name=path]").fill(str(watched / "mesh-client.pem"))
    press_main(page)
    page.goto(f"{LIST}request/acme/")
    page.locator("[name=names]").fill("127.0.0.1")
    page.locator("[name=email]").fill("ops@example.com")
    page.locator("[name=name]").fill("ordered-client")
    press_main(page)
    page.goto(f"{LIST}request/")
    page.locator("[name=name]").fill("harbour")
    page.locator("[name=subject]").fill("CN=harbour,O=Example,C=DE")
    press_main(page)


def _replace(page: Page, portal: Portal) -> None:
    page.goto(f"{LIST}rates-feed/replace/")
    give_file(page, certificate(portal, "rates-feed", 300).pfx_file(PASSWORD))
    press_main(page)
