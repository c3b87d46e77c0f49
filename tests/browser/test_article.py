"""The article, walked in a real browser against the real gateway and a back end that accepts mutual TLS only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.walk import CHINESE, ENGLISH, Walker, Words
from tests.makers import issue
from tests.processes import Portal

in_both_languages = pytest.mark.parametrize("words", [ENGLISH, CHINESE], ids=["English", "Chinese"])
with_and_without_javascript = pytest.mark.parametrize("javascript", [True, False], ids=["JavaScript", "no JavaScript"])


@in_both_languages
@with_and_without_javascript
def test_a_certificate_is_uploaded_chosen_presented_and_deleted(
    person: Callable[..., Page], portal: Portal, words: Words, *, javascript: bool
) -> None:
    walker = Walker.on(person(language=words.language, java_script_enabled=javascript), portal, words)
    certificate = portal.client_certificate(walker.name)
    walker.add_api()
    refused = portal.call(f"/{walker.name}/before")
    assert refused.status == 502
    assert "certificate" in refused.text

    walker.open_client_certificates()
    walker.upload(certificate)
    expect(walker.main).to_contain_text(walker.name)
    expect(walker.main).to_contain_text(certificate.thumbprint[-4:])

    walker.open_security_of_api()
    walker.choose(certificate)
    walker.save()
    accepted = portal.call(f"/{walker.name}/after")
    assert accepted.status == 200
    assert certificate.thumbprint in accepted.text
    assert any(f"/after by CN={walker.name}" in line and certificate.thumbprint in line for line in portal.backend_log())

    walker.tab(words.policy).click()
    expect(walker.main).to_contain_text("authentication-certificate")
    expect(walker.main).to_contain_text(certificate.thumbprint)

    walker.delete_certificate()
    expect(walker.main).to_contain_text(f"API {walker.name}")
    expect(walker.main.get_by_role("button", name=words.yes_delete_it)).to_have_count(0)

    walker.open_security_of_api()
    walker.choose_nothing()
    walker.save()
    assert portal.call(f"/{walker.name}/").status == 502
    walker.delete_certificate()
    walker.confirm()
    walker.page.goto(f"/security/client-certificates/?q={walker.name}")
    expect(walker.main.get_by_role("row")).to_have_count(0)


@in_both_languages
@with_and_without_javascript
def test_a_wrong_password_is_an_error_at_the_password_and_stores_nothing(
    person: Callable[..., Page], portal: Portal, words: Words, *, javascript: bool
) -> None:
    walker = Walker.on(person(language=words.language, java_script_enabled=javascript), portal, words)
    walker.open_client_certificates()

    walker.upload(portal.client_certificate(walker.name), typed="not the password")

    field = walker.page.locator("input[name=password]")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_value("")
    walker.page.goto(f"/security/client-certificates/?q={walker.name}")
    expect(walker.main.get_by_role("row")).to_have_count(0)


def test_an_expired_certificate_is_taken_with_a_warning(person: Callable[..., Page], portal: Portal) -> None:
    walker = Walker.on(person(), portal, ENGLISH)
    now = datetime.now(UTC)
    walker.open_client_certificates()

    walker.upload(issue(walker.name, not_before=now - timedelta(days=30), not_after=now - timedelta(days=1)))

    expect(walker.page.locator(".note.warn, .badge.bad").first).to_contain_text("xpired")


def test_a_renewed_certificate_is_presented_at_once_and_can_be_rolled_back(person: Callable[..., Page], portal: Portal) -> None:
    walker = Walker.on(person(), portal, ENGLISH)
    first, second = portal.client_certificate(walker.name), portal.client_certificate(walker.name)
    walker.add_api()
    walker.open_client_certificates()
    walker.upload(first)
    walker.open_security_of_api()
    walker.choose(first)
    walker.save()

    walker.page.goto(f"/security/client-certificates/{walker.name}/replace/")
    walker.give_file(second)
    walker.main.get_by_role("button", name="Replace").click()
    expect(walker.main).to_contain_text(second.thumbprint[-4:])
    walker.until_live()
    assert second.thumbprint in portal.call(f"/{walker.name}/").text

    walker.page.goto(f"/security/client-certificates/{walker.name}/")
    walker.main.get_by_role("button", name="Roll back").first.click()
    walker.main.get_by_role("button", name="Yes, roll back").click()
    walker.until_live()
    assert first.thumbprint in portal.call(f"/{walker.name}/").text
