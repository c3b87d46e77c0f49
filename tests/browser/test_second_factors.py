"""Second factors in a real browser: an app that shows codes, and a passkey in Chromium's own virtual authenticator."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_accessibility import complaints_of_axe
from tests.processes import Portal
from tests.signin.codes import code_of

PASSWORD: Final = "orchid-lantern-of-the-browser"


@dataclass(frozen=True)
class Words:
    """What is clicked on and read, in one language."""

    language: str
    set_up_an_app: str
    set_up: str
    sign_in: str
    sign_out: str
    shown_once: str
    add_a_passkey: str
    with_a_passkey: str
    was_added: str
    use_a_passkey: str
    confirm: str


ENGLISH = Words(
    language="en",
    set_up_an_app="Set up an app",
    set_up="Set up",
    sign_in="Sign in",
    sign_out="Sign out",
    shown_once="They are not shown again.",
    add_a_passkey="Add a passkey",
    with_a_passkey="Sign in with a passkey",
    was_added="The passkey was added.",
    use_a_passkey="Use a passkey",
    confirm="Confirm that it is you",
)
CHINESE = Words(
    language="zh-hans",
    set_up_an_app="设置应用",
    set_up="设置",
    sign_in="登录",
    sign_out="注销",
    shown_once="它们不会再次显示。",
    add_a_passkey="添加通行密钥",
    with_a_passkey="使用通行密钥登录",
    was_added="已添加通行密钥。",
    use_a_passkey="使用通行密钥",
    confirm="确认是你本人",
)
BOTH = pytest.mark.parametrize("words", [ENGLISH, CHINESE], ids=["en", "zh-hans"])


@pytest.fixture
def name(portal: Portal) -> str:
    """Return the user name of an administrator of this test's own."""
    name = f"person-{uuid.uuid4().hex[:8]}"
    made = f"from django.contrib.auth.models import User; User.objects.create_superuser({name!r}, password={PASSWORD!r})"
    portal.manage("shell", "--verbosity", "0", "-c", made)
    return name


def enter(page: Page, name: str, words: Words, host: str = "") -> None:
    page.goto(f"{host}/accounts/login/")
    page.locator("input[name=username]").fill(name)
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name=words.sign_in, exact=True).click()


def leave(page: Page, words: Words) -> None:
    page.locator(".opens-account").click()
    page.locator("#account").get_by_role("button", name=words.sign_out, exact=True).click()
    expect(page.locator("input[name=username]")).to_be_visible()


@BOTH
def test_an_app_that_shows_codes(person: Callable[..., Page], name: str, words: Words) -> None:
    page = person(signed_in=False, language=words.language)
    enter(page, name, words)
    page.goto("/accounts/second-factors/")
    page.get_by_role("link", name=words.set_up_an_app).click()
    expect(page.locator("svg.qr")).to_be_visible()
    secret = page.locator("#key").inner_text().replace(" ", "")
    page.locator("input[name=code]").fill("000000")
    page.get_by_role("main").get_by_role("button", name=words.set_up, exact=True).click()
    expect(page.get_by_role("alert")).to_be_focused()
    page.locator("input[name=code]").fill(code_of(page.locator("#key").inner_text().replace(" ", ""), steps=-1))
    page.get_by_role("main").get_by_role("button", name=words.set_up, exact=True).click()
    expect(page.get_by_role("main")).to_contain_text(words.shown_once)
    codes = re.findall(r"\b\d{8}\b", page.locator("#codes").inner_text())
    assert len(codes) == 10

    leave(page, words)
    enter(page, name, words)
    page.wait_for_url("**/accounts/login/second-factor/")
    assert not complaints_of_axe(page)
    page.locator("input[name=code]").fill(code_of(secret))
    page.locator("input[name=code]").press("Enter")
    page.wait_for_url(re.compile(r":\d+/$"))

    leave(page, words)
    enter(page, name, words)
    page.locator("input[name=code]").fill(codes[0])
    page.locator("input[name=code]").press("Enter")
    page.wait_for_url(re.compile(r":\d+/$"))


@BOTH
def test_a_passkey_is_all_that_is_needed(person: Callable[..., Page], portal: Portal, name: str, words: Words) -> None:
    here = portal.url.replace("127.0.0.1", "localhost")  # passkeys are for names
    page = person(signed_in=False, language=words.language)
    authenticator = _authenticator(page)
    enter(page, name, words, here)
    page.goto(f"{here}/accounts/second-factors/")
    page.get_by_role("link", name=words.add_a_passkey).click()
    page.locator("input[name=name]").fill("a pocket")
    page.get_by_role("main").get_by_role("button", name=words.add_a_passkey).click()
    expect(page.locator("#messages")).to_contain_text(words.was_added)
    page.goto(f"{here}/accounts/second-factors/")
    expect(page.get_by_role("main")).to_contain_text("a pocket")

    leave(page, words)
    page.goto(f"{here}/accounts/login/?next=/apis/")
    assert not complaints_of_axe(page)
    page.get_by_role("button", name=words.with_a_passkey).click()
    page.wait_for_url(re.compile(r":\d+/apis/$"))

    page.goto(f"{here}/accounts/confirm/?next=/subscriptions/")
    expect(page.get_by_role("heading", level=1)).to_have_text(words.confirm)
    assert not complaints_of_axe(page)
    page.get_by_role("button", name=words.use_a_passkey).click()
    page.wait_for_url(re.compile(r":\d+/subscriptions/$"))

    leave(page, words)
    enter(page, name, words, here)
    page.wait_for_url("**/accounts/login/second-factor/")
    page.get_by_role("button", name=words.use_a_passkey).click()
    page.wait_for_url(re.compile(r":\d+/$"))

    leave(page, words)
    authenticator("WebAuthn.setUserVerified", {"isUserVerified": False})
    page.goto(f"{here}/accounts/login/")
    page.get_by_role("button", name=words.with_a_passkey).click()
    expect(page.locator("[data-refused]")).not_to_be_empty()


def test_where_passkeys_cannot_be_the_pages_say_so(person: Callable[..., Page]) -> None:
    page = person()
    page.goto("/accounts/second-factors/")
    expect(page.get_by_role("main")).to_contain_text("Browsers offer passkeys where the portal is called by a name and over HTTPS")
    page = person(signed_in=False)
    page.goto("/accounts/login/")
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_have_count(0)


def _authenticator(page: Page) -> Callable[[str, dict[str, object]], object]:
    """Give the browser of *page* a virtual authenticator; return what speaks to it."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True}
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": options | {"automaticPresenceSimulation": True}})
    return lambda command, more: session.send(command, {"authenticatorId": made["authenticatorId"], **more})
