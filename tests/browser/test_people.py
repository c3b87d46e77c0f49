"""Inviting somebody who joins, in a real browser: in both languages, with and without scripts, and by keyboard alone."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_accessibility import complaints_of_axe

PASSWORD = "orchid-lantern-42-moss"
WORDS = {
    "en": {"invite": "Invite", "publishers": "Publishers", "set": "Set password", "save": "Save role", "role": "Your role: Viewers"},
    "zh-hans": {"invite": "邀请", "publishers": "发布者", "set": "设置密码", "save": "保存角色", "role": "您的角色：查看者"},
}


def _invite(page: Page, name: str, role: str) -> str:
    """Invite somebody from the list of people; return the link."""
    page.goto("/people/")
    page.locator(".head .button.main").click()
    page.locator("[name=username]").fill(name)
    page.locator(f"[name=role][value={role}]").check()
    page.locator("main button.main").click()
    return page.locator("#link").inner_text()


def _join(page: Page, link: str) -> None:
    """Follow a link, choose a password."""
    page.goto(link)
    page.locator("[name=new_password1]").fill(PASSWORD)
    page.locator("[name=new_password2]").fill(PASSWORD)
    page.locator("main button.main").click()
    page.wait_for_url("**/accounts/login/")


def _sign_in(page: Page, name: str) -> None:
    page.goto("/accounts/login/")
    page.locator("main [name=username]").fill(name)
    page.locator("main [name=password]").fill(PASSWORD)
    page.locator("main [name=password]").press("Enter")
    page.wait_for_url("**/")


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_somebody_is_invited_joins_gets_another_role_and_goes(person: Callable[..., Page], language: str, scripts: bool) -> None:
    words, name = WORDS[language], f"mei-{uuid.uuid4().hex[:8]}"
    office = person(language=language, java_script_enabled=scripts)
    newcomer = person(language=language, java_script_enabled=scripts, signed_in=False)

    link = _invite(office, name, "Publishers")
    newcomer.goto(link)
    expect(newcomer.locator(".facts")).to_contain_text(name)
    expect(newcomer.locator(".facts")).to_contain_text(words["publishers"])
    expect(newcomer.get_by_role("button", name=words["set"])).to_be_visible()
    _join(newcomer, link)
    _sign_in(newcomer, name)
    newcomer.goto("/apis/new/")
    expect(newcomer.locator("[name=service_url]")).to_be_visible()

    office.goto(f"/people/{name}/")
    office.locator("[name=role][value=Viewers]").check()
    office.get_by_role("button", name=words["save"]).click()
    expect(office.locator(".note.good")).to_be_visible()
    newcomer.goto("/accounts/profile/")
    newcomer.wait_for_url("**/accounts/login/**")
    _sign_in(newcomer, name)
    newcomer.goto("/accounts/profile/")
    expect(newcomer.locator("#your-role")).to_have_text(words["role"])

    office.goto(f"/people/{name}/delete/")
    office.locator("main button.danger").click()
    office.wait_for_url("**/people/")
    newcomer.goto("/")
    newcomer.wait_for_url("**/accounts/login/**")


def test_a_role_is_chosen_by_keyboard(person: Callable[..., Page]) -> None:
    page = person()
    page.goto("/people/invite/")
    page.locator("[name=username]").focus()
    page.keyboard.type(f"keys-{uuid.uuid4().hex[:8]}")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    expect(page.locator("[name=role][value=Publishers]")).to_be_checked()
    page.keyboard.press("Enter")
    expect(page.locator("#link")).to_be_visible()
    expect(page.locator(".facts")).to_contain_text("Publishers")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_pages_that_links_do_not_lead_to(person: Callable[..., Page], theme: str) -> None:
    page = person(color_scheme=theme, viewport={"width": 390, "height": 800}, reduced_motion="reduce")
    stranger = person(signed_in=False, color_scheme=theme, reduced_motion="reduce")
    name = f"axe-{uuid.uuid4().hex[:8]}"
    link = _invite(page, name, "Viewers")
    assert complaints_of_axe(page) == []
    page.goto("/people/")
    assert complaints_of_axe(page) == []
    page.goto("/people/invite/")
    page.locator("main button.main").click()
    assert page.title().startswith("Error:")
    assert complaints_of_axe(page) == []
    stranger.goto(link)
    assert complaints_of_axe(stranger) == []
    _join(stranger, link)
    assert complaints_of_axe(stranger) == []
    stranger.goto(link)
    assert complaints_of_axe(stranger) == []
    for path in (f"/people/{name}/", f"/people/{name}/delete/"):
        page.goto(path)
        assert complaints_of_axe(page) == []
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
