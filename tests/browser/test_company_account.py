"""A company account in a real browser: from the sign-in page to a real provider's page, and back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import LOCALES
from tests.browser.test_accessibility import complaints_of_axe
from tests.processes import Portal
from tests.signin.provider import Provider

ALICE = {"sub": "alice-1", "preferred_username": "alice", "name": "Alice A.", "email": "alice@example.com", "roles": ["portal-admins"]}


@pytest.fixture(scope="module")
def company_portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """Return a portal that knows a provider, which knows Alice."""
    with Provider() as provider:
        provider.change("alice-1", **ALICE)
        environment = {
            "PORTAL_OIDC_PROVIDERS": "acme",
            "PORTAL_OIDC_ACME_NAME": "Acme & Sons",
            "PORTAL_OIDC_ACME_ISSUER": provider.url,
            "PORTAL_OIDC_ACME_CLIENT_ID": "the-portal",
            "PORTAL_OIDC_ACME_CLIENT_SECRET": "the-secret-of-the-client",
            "PORTAL_OIDC_ACME_ROLES": "portal-admins=Administrators",
        }
        with Portal(tmp_path_factory.mktemp("company") / "home", extra_environment=environment) as running:
            yield running


@pytest.mark.parametrize(
    ("language", "continue_with", "activity", "added"),
    [("en", "Continue with Acme & Sons", "Activity", "signed in"), ("zh-hans", "使用 Acme & Sons 继续", "活动", "登录")],
)
def test_somebody_signs_in_with_the_account_of_the_company(
    browser: Browser, company_portal: Portal, language: str, continue_with: str, activity: str, added: str
) -> None:
    with browser.new_context(base_url=company_portal.url, locale=LOCALES[language]) as context:
        page: Page = context.new_page()
        page.goto("/accounts/login/")
        assert complaints_of_axe(page) == []
        page.get_by_text(continue_with).click()
        page.locator('input[name="sub"]').fill("alice-1")
        page.locator('button[type="submit"], input[type="submit"]').first.click()
        page.wait_for_url(f"{company_portal.url}/")
        page.goto("/activity/")
        expect(page.get_by_role("heading", level=1)).to_have_text(activity)
        expect(page.locator("main")).to_contain_text("alice")
        expect(page.locator("main")).to_contain_text(added)
