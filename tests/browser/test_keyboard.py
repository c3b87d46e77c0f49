"""The article's walk with the keyboard alone: everything is reached by Tab, and wherever the focus is, it can be seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.browser.walk import ENGLISH, PASSWORD, Walker
from tests.processes import Portal

FURTHEST = 120  # presses of Tab from one thing to any other on a page

_IS_FOCUSED = "element => element === document.activeElement"
# Somebody sees where the focus is: the element has an outline, it is within the window, and nothing lies over its middle.
_IS_SEEN = """element => {
  const label = element.closest("label") ?? element.labels?.[0] ?? element;
  const shown = element.getBoundingClientRect().width > 1 ? element : label;
  const box = shown.getBoundingClientRect();
  const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  const styles = [element, label, element.parentElement].map(one => getComputedStyle(one));
  const outlined = styles.some(style => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2);
  return outlined && box.width > 0 && top !== null && (shown.contains(top) || top.contains(shown));
}"""


@dataclass(frozen=True)
class Keyboard:
    """Hands on the keyboard, none on the mouse."""

    page: Page

    def reach(self, target: Locator) -> None:
        """Press Tab until *target* has the focus, which must be visible."""
        expect(target).to_be_attached()
        for _ in range(FURTHEST):
            if target.evaluate(_IS_FOCUSED):
                assert target.evaluate(_IS_SEEN), f"the focus on {target} is not seen"
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not reach {target}")

    def press(self, target: Locator) -> None:
        """Reach a link or button and press Enter."""
        self.reach(target)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def type(self, target: Locator, text: str) -> None:
        """Reach a field and type."""
        self.reach(target)
        self.page.keyboard.type(text)

    def choose(self, target: Locator, value: str) -> None:
        """Reach a drop-down and walk down to *value*."""
        self.reach(target)
        self.page.keyboard.press("Home")
        for _ in range(FURTHEST):
            if target.input_value() == value:
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"{value} is not in {target}")


def test_the_whole_walk_needs_no_mouse(person: Callable[..., Page], portal: Portal) -> None:
    page = person()
    walker = Walker.on(page, portal, ENGLISH)
    keyboard = Keyboard(page)
    certificate = portal.client_certificate(walker.name)
    walker.add_api()

    page.on("filechooser", lambda _chooser: None)  # from now on no chooser opens a window of its own; asked for later, it may come too late

    page.goto("/")
    keyboard.press(walker.menu("Client certificates"))
    keyboard.press(walker.main.get_by_role("link", name="Upload certificate").first)
    keyboard.reach(page.locator("input[name=file]"))
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    file = FilePayload(name="client.pfx", mimeType="application/x-pkcs12", buffer=certificate.pfx_file(PASSWORD))
    chooser.value.set_files(file)
    keyboard.type(page.locator("input[name=password]"), "not the password")
    page.keyboard.press("Enter")
    summary = page.get_by_role("alert").first
    expect(summary).to_be_focused()
    keyboard.press(summary.get_by_role("link").first)
    expect(page.locator("input[name=password]")).to_be_focused()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Shift+Tab")
    keyboard.reach(page.locator("input[name=file]"))
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(file)
    keyboard.press(walker.main.get_by_role("button", name="Upload", exact=True))
    expect(walker.heading).to_have_text(walker.name)

    keyboard.press(walker.menu("APIs"))
    keyboard.press(walker.main.get_by_role("link", name=f"API {walker.name}").first)
    keyboard.press(walker.tab("Security"))
    keyboard.choose(page.locator("select[name=credentials]"), "client-certificate")
    keyboard.choose(page.locator("select[name=certificate]"), walker.name)
    keyboard.press(walker.main.get_by_role("button", name="Save", exact=True))
    walker.until_live()
    assert certificate.thumbprint in portal.call(f"/{walker.name}/").text

    keyboard.press(walker.menu("Client certificates"))
    keyboard.press(walker.main.get_by_role("link", name=f"Delete {walker.name}"))
    expect(walker.main).to_contain_text(f"API {walker.name}")
    keyboard.press(walker.main.get_by_role("link", name=f"API {walker.name}", exact=True))  # to its Security tab
    keyboard.choose(page.locator("select[name=credentials]"), "none")
    keyboard.press(walker.main.get_by_role("button", name="Save", exact=True))
    walker.until_live()

    keyboard.press(walker.menu("Client certificates"))
    keyboard.press(walker.main.get_by_role("link", name=f"Delete {walker.name}"))
    keyboard.press(walker.main.get_by_role("button", name="Yes, delete it"))
    page.goto(f"/security/client-certificates/?q={walker.name}")
    expect(walker.main.get_by_role("row")).to_have_count(0)


def test_the_first_tab_leads_past_the_menu(person: Callable[..., Page]) -> None:
    page = person()
    page.goto("/apis/")

    page.keyboard.press("Tab")
    skip = page.locator("a.skip")
    expect(skip).to_be_focused()
    assert skip.evaluate(_IS_SEEN)
    page.keyboard.press("Enter")

    expect(page.locator("#main")).to_be_focused()
