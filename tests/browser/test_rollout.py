"""Compare, try, confirm: what a person sees of a version that is tried against the demonstration's back end before callers get it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_accessibility import complaints_of_axe
from tests.browser.walk import ENGLISH, Walker
from tests.makers import Issued, issue
from tests.processes import Portal

with_and_without_javascript = pytest.mark.parametrize("javascript", [True, False], ids=["JavaScript", "no JavaScript"])


def _try_first(walker: Walker, issued: Issued) -> None:
    walker.page.goto(f"/security/client-certificates/{walker.name}/replace/")
    walker.give_file(issued)
    walker.main.get_by_role("button", name="Try first").click()


def _until_tried(walker: Walker, words: str, *, javascript: bool) -> None:
    """Wait until the table says so: by itself, or by the link that looks again."""
    table = walker.page.locator("#tries")
    for _ in range(0 if javascript else 60):
        if words in table.inner_text():
            break
        walker.page.wait_for_timeout(500)
        walker.page.goto(walker.page.url)
    expect(table).to_contain_text(words)


@with_and_without_javascript
def test_a_version_is_compared_tried_refused_tried_accepted_and_confirmed(
    person: Callable[..., Page], portal: Portal, *, javascript: bool
) -> None:
    walker = Walker.on(person(java_script_enabled=javascript), portal, ENGLISH)
    first, second = portal.client_certificate(walker.name), portal.client_certificate(f"{walker.name}-new")
    walker.add_api()
    walker.open_client_certificates()
    walker.upload(first)
    walker.open_security_of_api()
    walker.choose(first)
    walker.save()

    _try_first(walker, issue(walker.name))
    _until_tried(walker, "Refused", javascript=javascript)
    expect(walker.page.locator("#tries")).to_contain_text("The back end refused the certificate with an alert.")

    walker.main.get_by_role("link", name="Take another file").click()
    walker.give_file(second)
    walker.main.get_by_role("button", name="Try first").click()
    _until_tried(walker, "Accepted", javascript=javascript)
    expect(walker.main).to_contain_text(f"bears another subject: CN={walker.name}-new")
    expect(walker.main.locator("ins").first).to_be_visible()
    if javascript:
        assert complaints_of_axe(walker.page) == []
    assert first.thumbprint in portal.call(f"/{walker.name}/").text, "callers have the present one"

    confirm = walker.main.get_by_role("button", name="Confirm", exact=True)
    confirm.click()
    expect(walker.page.locator("input[name=confirmed]")).to_have_attribute("aria-invalid", "true")
    walker.page.locator("input[name=confirmed]").check()
    confirm.click()
    expect(walker.page.locator("#messages")).to_contain_text("was replaced")
    walker.until_live()
    assert second.thumbprint in portal.call(f"/{walker.name}/").text
