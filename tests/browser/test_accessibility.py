"""What axe-core says about every page, in both languages, both themes and three widths; and that nothing is wider than the window.

All rules look at each page on a phone and on a desk, in English. The dark theme differs by its colours and Chinese by its words, so that
there those rules look which judge colours, and all others. `make axe` lets every rule look at every page in all twelve ways.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from itertools import product
from typing import Any, Literal

import pytest
from playwright.sync_api import Page

_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_ALL_RULES = {"runOnly": {"type": "tag", "values": _TAGS}, "resultTypes": ["violations"]}
_OF_COLOURS = ("color-contrast", "link-in-text-block")
_ABOUT_COLOURS = {"runOnly": {"type": "rule", "values": list(_OF_COLOURS)}, "resultTypes": ["violations"]}
_BUT_COLOURS = {**_ALL_RULES, "rules": {rule: {"enabled": False} for rule in _OF_COLOURS}}
_WIDTHS = (390, 1280, 1920)


@cache
def _axe() -> str:
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def complaints_of_axe(page: Page, rules: dict[str, Any] = _ALL_RULES) -> list[str]:
    """Return what axe-core finds on the page as it is now: rule and place."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_axe())
    found: list[dict[str, Any]] = page.evaluate("rules => axe.run(document, rules).then(result => result.violations)", rules)
    return [f"{one['id']}: {node['target']} {node['html']}" for one in found for node in one["nodes"]]


EVERYTHING = "AXE_EVERYTHING"  # a variable of the environment
_THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
_LOOKS: dict[tuple[str, str, int], dict[str, Any]] = {
    ("en", "light", 390): _ALL_RULES,
    ("en", "light", 1280): _ALL_RULES,
    ("en", "dark", 390): _ABOUT_COLOURS,
    ("en", "dark", 1280): _ABOUT_COLOURS,
    ("zh-hans", "light", 390): _BUT_COLOURS,
}


def _rules(language: str, theme: str, width: int) -> dict[str, Any] | None:
    return _ALL_RULES if EVERYTHING in os.environ else _LOOKS.get((language, theme, width))


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_axe_finds_nothing(person: Callable[..., Page], every_path: list[str], language: str) -> None:
    page = person(language=language, reduced_motion="reduce")  # colours change at once
    wrong = []
    for path in every_path:
        page.goto(path)
        for width, theme in product(_WIDTHS, _THEMES):
            page.set_viewport_size({"width": width, "height": 900})
            found = ["the page is wider than the window"] if page.evaluate("document.documentElement.scrollWidth > innerWidth") else []
            if rules := _rules(language, theme, width):
                page.emulate_media(color_scheme=theme)
                found += complaints_of_axe(page, rules)
            wrong += [f"{path} {theme} {width}: {one}" for one in found]
    assert not wrong, "\n".join(wrong)


def test_axe_finds_nothing_on_pages_in_other_states(person: Callable[..., Page]) -> None:
    stranger = person(signed_in=False)
    stranger.goto("/accounts/login/")
    assert complaints_of_axe(stranger) == []
    stranger.locator("main [name=username]").fill("nobody")
    stranger.locator("main button.main").click()
    assert complaints_of_axe(stranger) == []
    page = person(viewport={"width": 390, "height": 800})
    page.goto("/nowhere/")
    assert complaints_of_axe(page) == []
    page.get_by_role("button", name="Menu").click()
    assert page.get_by_role("link", name="Activity").is_visible()
    assert complaints_of_axe(page) == []
    page.keyboard.press("Escape")
    page.locator(".opens-account").click()
    assert complaints_of_axe(page) == []
    page.goto("/security/client-certificates/upload/")
    page.locator("main button.main").click()
    assert page.title().startswith("Error:")
    assert complaints_of_axe(page) == []
