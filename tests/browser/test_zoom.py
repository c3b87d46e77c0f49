"""Pages at 200 %, where a window of 1280 × 800 has 640 × 400: nothing is wider or cut, and all that can be used is seen with the focus."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

# What is beyond the window and not in something that scrolls; what is cut off without dots that say so.
_CUT = """() => {
  const width = document.documentElement.clientWidth, wrong = [];
  const told = (why, element) => wrong.push(`${why}: ${element.outerHTML.slice(0, 120)}`);
  const within = (element, test) => { for (let at = element; at; at = at.parentElement) if (test(at)) return true; return false; };
  const scrolls = (element) => within(element.parentElement, at => /auto|scroll/.test(getComputedStyle(at).overflowX));
  if (document.documentElement.scrollWidth > width) wrong.push("the page is wider than the window");
  for (const element of document.querySelectorAll("body *:not(svg *)")) {
    const box = element.getBoundingClientRect();
    if (box.width <= 1 || box.height <= 1 || !element.checkVisibility()) continue;
    if (within(element, at => at.matches(".hidden, [popover], thead"))) continue;
    if ((box.right > width + 1 || box.left < -1) && !scrolls(element)) told("beyond the window", element);
    const style = getComputedStyle(element);
    const cuts = (overflow) => overflow === "hidden" || overflow === "clip";
    if (element.matches("svg, img, input, select, textarea") || style.textOverflow === "ellipsis") continue;
    if (cuts(style.overflowX) && element.scrollWidth > element.clientWidth + 1) told("cut", element);
    if (cuts(style.overflowY) && element.scrollHeight > element.clientHeight + 1) told("cut below", element);
  }
  return wrong;
}"""
# What takes the focus and is not seen then: outside the window, or something lies over it.
_UNSEEN = """async () => {
  const wrong = [];
  const isSeen = (element, shown) => {
    const box = shown.getClientRects()[0];
    if (!box || box.width <= 1) return true;
    let left = Math.max(box.left, 0), right = Math.min(box.right, innerWidth);  // browsers leave it so where enough of it is seen
    for (let at = shown.parentElement; at; at = at.parentElement) {
      if (!/auto|scroll/.test(getComputedStyle(at).overflowX)) continue;
      const area = at.getBoundingClientRect();
      left = Math.max(left, area.left);
      right = Math.min(right, area.right);
    }
    if (right - left <= 1) return false;
    const top = document.elementFromPoint((left + right) / 2, box.y + Math.min(box.height / 2, 12));
    return Boolean(top && (shown.contains(top) || element.closest("label")?.contains(top)));
  };
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  for (const element of document.querySelectorAll("main :is(a[href], button, input:not([type=hidden]), select, textarea, summary)")) {
    if (!element.checkVisibility() || element.disabled || element.closest(".hidden")) continue;
    element.focus();
    const shown = element.getBoundingClientRect().width > 1 ? element : element.labels?.[0] ?? element;
    if (isSeen(element, shown)) continue;
    await frame();
    await frame();  // what scrolls within the page may come a frame later
    if (!isSeen(element, shown)) wrong.push(`not seen: ${element.outerHTML.slice(0, 120)}`);
  }
  return wrong;
}"""


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_everything_is_there_at_twice_the_size(person: Callable[..., Page], every_path: list[str], language: str) -> None:
    page = person(language=language, viewport={"width": 640, "height": 400}, device_scale_factor=2, reduced_motion="reduce")
    wrong = []
    for path in every_path:
        page.goto(path)
        wrong += [f"{path} {one}" for one in [*page.evaluate(_CUT), *page.evaluate(_UNSEEN)]]
    assert not wrong, "\n".join(wrong)


def test_the_menu_is_reached_to_its_end(person: Callable[..., Page]) -> None:
    page = person(viewport={"width": 640, "height": 400}, device_scale_factor=2)
    page.goto("/")
    page.get_by_role("button", name="Menu").click()
    page.locator(".menu").get_by_role("link", name="Help").click()
    assert "/help/" in page.url
