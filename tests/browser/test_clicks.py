"""How many clicks it takes from the dashboard to what people come for: links, buttons and choices count, typing does not."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.makers import Issued, issue
from tests.processes import Portal

CERTIFICATES = "/security/client-certificates/"


@dataclass
class Hand:
    """A hand on the mouse that counts what it presses."""

    page: Page
    clicks: int = 0

    @property
    def main(self) -> Locator:
        return self.page.get_by_role("main")

    def click(self, target: Locator) -> None:
        self.clicks += 1
        target.click()

    def choose(self, target: Locator, value: str) -> None:
        self.clicks += 1
        target.select_option(value)

    def menu(self, name: str) -> None:
        self.click(self.page.locator(".menu").get_by_role("link", name=name, exact=True))


@pytest.fixture
def hand(person: Callable[..., Page]) -> Hand:
    """Return the hand of somebody who is on the dashboard, on a small laptop."""
    page = person(viewport={"width": 1280, "height": 800})
    page.goto("/")
    return Hand(page)


def _name(what: str) -> str:
    return f"{what}-{uuid.uuid4().hex[:8]}"


def _upload(hand: Hand, issued: Issued, name: str) -> str:
    """Store a certificate; return the last four characters of its thumbprint. The hand is on the dashboard afterwards."""
    page = hand.page
    page.goto(f"{CERTIFICATES}upload/")
    file = FilePayload(name=f"{name}.pfx", mimeType="application/x-pkcs12", buffer=issued.pfx_file("a password"))
    page.locator("input[name=file]").set_input_files(file)
    page.locator("input[name=password]").fill("a password")
    page.locator("input[name=name]").fill(name)
    page.locator("main form button.main").click()
    page.wait_for_url(f"**/{name}/")
    page.goto("/")
    return issued.thumbprint[-4:]


def _apis(portal: Portal, certificate: str, number: int) -> list[str]:
    """Let so many new APIs present a certificate."""
    names = [f"{certificate}-{one:02}" for one in range(number)]
    security = {"credentials": "client-certificate", "certificate": certificate, "trusted_authority": "demonstration-ca"}
    apis = [{"name": name, "display_name": name, "path": name, "service_url": portal.backend_url, "security": security} for name in names]
    file = portal.home / f"{certificate}.json"
    file.write_text(json.dumps({"version": 1, "apis": apis}))
    portal.manage("import", str(file))
    return names


def test_twenty_apis_move_to_another_certificate_in_six(hand: Hand, portal: Portal) -> None:
    before, after = _name("before"), _name("after")
    _upload(hand, portal.client_certificate(before), before)
    _upload(hand, portal.client_certificate(after), after)
    names = _apis(portal, before, 20)
    hand.page.goto("/")

    hand.menu("Client certificates")
    hand.click(hand.main.get_by_role("link", name=before, exact=True))
    hand.click(hand.main.get_by_role("link", name="Move APIs…"))
    hand.choose(hand.page.locator("[name=to]"), after)
    hand.click(hand.main.get_by_role("button", name="Compare and try"))
    hand.click(hand.main.get_by_role("button", name="Confirm", exact=True))

    expect(hand.page.locator("#messages")).to_contain_text("20 APIs")
    hand.page.goto(f"/apis/?certificate={after}&per=50")
    expect(hand.main.get_by_role("row").filter(has_text=before)).to_have_count(len(names))
    assert hand.clicks <= 6


def test_all_that_ends_soon_and_is_in_use_stands_alone_after_one(hand: Hand, portal: Portal) -> None:
    now = datetime.now(UTC)
    used, unused = _name("ends"), _name("idle")
    for name in (used, unused):
        _upload(hand, issue(name, not_before=now - timedelta(days=9), not_after=now + timedelta(days=9)), name)
    _apis(portal, used, 1)
    hand.page.goto("/")

    hand.click(hand.main.locator(".attention li").filter(has_text="Expiring, in use").get_by_role("link", name="Show"))

    expect(hand.main.get_by_role("link", name=used, exact=True)).to_be_visible()
    expect(hand.main.get_by_role("link", name=unused, exact=True)).to_have_count(0)
    assert hand.clicks <= 1


def test_a_certificate_is_found_by_its_last_four_in_two(hand: Hand) -> None:
    name = _name("last-four")
    four = _upload(hand, issue(name), name)
    field = hand.page.locator(".menu [name=q]")

    hand.click(field)
    field.fill(four)
    field.press("Enter")
    hand.click(hand.page.locator(".found a").filter(has_text=name).first)

    expect(hand.page.get_by_role("heading", level=1)).to_have_text(name)
    assert hand.clicks <= 2


def test_a_colleague_is_invited_to_look_in_four(hand: Hand) -> None:
    name = _name("looks")

    hand.menu("People")
    hand.click(hand.main.get_by_role("link", name="Invite"))
    hand.click(hand.page.locator("[name=role][value=Viewers]"))
    hand.page.locator("[name=username]").fill(name)
    hand.page.locator("[name=email]").fill(f"{name}@example.com")
    hand.click(hand.page.locator("main form button.main"))

    expect(hand.main).to_contain_text(name)
    assert hand.clicks <= 4


def test_who_changed_what_from_what_to_what_is_seen_after_two(hand: Hand, portal: Portal) -> None:
    name = _name("changed")
    _upload(hand, portal.client_certificate(name), name)
    (api,) = _apis(portal, name, 1)
    page = hand.page
    page.goto(f"/apis/{api}/settings/")
    page.locator("[name=display_name]").fill(f"Now {api}")
    page.locator("main form button.main").first.click()
    expect(page.locator("#messages")).to_contain_text("Saved")
    page.goto("/")

    hand.menu("Activity")
    line = hand.main.locator(".log li").filter(has_text=f"Now {api}").first
    hand.click(line.locator("summary"))

    expect(line).to_contain_text(portal.user_name)
    expect(line.locator("del", has_text=api)).to_be_visible()
    expect(line.locator("ins", has_text=f"Now {api}")).to_be_visible()
    assert hand.clicks <= 2
