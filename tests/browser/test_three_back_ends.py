"""Of three back ends one does not know the new authority: warned, tried and named, and the other two switched, as a person does it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from kit.issuing import Issued, issue
from tests.browser.test_accessibility import complaints_of_axe
from tests.browser.walk import ENGLISH, Walker
from tests.gateway.backends import Backend
from tests.processes import Portal


@pytest.fixture
def another_authority() -> Issued:
    return issue("Another authority", authority=True)


@pytest.fixture
def back_ends(portal: Portal, another_authority: Issued) -> Iterator[list[Backend]]:
    """Return three back ends that accept the demonstration's authority; but for the last, another one as well."""
    shown = issue("Three back ends", by=portal.authority, hosts=("localhost", "127.0.0.1"))
    with contextlib.ExitStack() as stack:
        made = [Backend(shown, portal.authority, accepts_too=too) for too in (another_authority, another_authority, None)]
        yield [stack.enter_context(one) for one in made]


def _present(walker: Walker, back_ends: list[Backend], issued: Issued) -> list[str]:
    """Add an API for each of *back_ends*, which presents the walker's certificate; return their names."""
    names = []
    for number, backend in enumerate(back_ends):
        of_api = Walker(walker.page, walker.portal, walker.words, f"{walker.name}-{number}")
        of_api.add_api(service_url=f"https://127.0.0.1:{backend.port}")
        if not number:
            walker.open_client_certificates()
            walker.upload(issued)
        of_api.page.goto(f"/apis/{of_api.name}/security/")
        of_api.page.get_by_label(walker.words.with_credentials, exact=True).select_option("client-certificate")
        of_api.page.locator("select[name=certificate]").select_option(walker.name)
        of_api.save()
        names.append(of_api.name)
    return names


def _called_with(portal: Portal, apis: list[str]) -> list[str]:
    """Return which thumbprint each back end sees now."""
    answers = [portal.call(f"/{api}/") for api in apis]
    assert [answer.status for answer in answers] == [200] * len(apis), answers
    return [next(part for part in answer.text.split('"') if len(part) == 40 and part.isupper()) for answer in answers]


def test_the_one_that_refuses_is_named_the_other_two_switch_and_it_follows_once_it_accepts(
    person: Callable[..., Page], portal: Portal, another_authority: Issued, back_ends: list[Backend]
) -> None:
    walker = Walker.on(person(), portal, ENGLISH)
    old = portal.client_certificate(walker.name)
    new = issue(f"{walker.name}-new", by=another_authority)
    apis = _present(walker, back_ends, old)
    page, main = walker.page, walker.main

    page.goto(f"/security/client-certificates/{walker.name}/replace/")
    walker.give_file(new)
    main.get_by_role("button", name="Try first").click()
    tries = page.locator("#tries")
    expect(tries).to_contain_text("Refused")
    expect(main).to_contain_text(f"bears another subject: CN={walker.name}-new")
    expect(tries.get_by_role("row").filter(has_text="Refused")).to_contain_text(f"API {apis[2]}")
    expect(tries.get_by_role("row").filter(has_text="Accepted")).to_have_count(2)
    assert complaints_of_axe(page) == []

    tries.get_by_role("button", name="Switch the 2 APIs that accept it").click()
    expect(page.locator("input[name=confirmed]")).to_have_attribute("aria-invalid", "true")
    page.locator("input[name=confirmed]").check()
    main.get_by_role("button", name="Confirm", exact=True).click()
    expect(page.locator("#messages")).to_contain_text(f"did not accept it: API {apis[2]}")
    expect(page.locator("#staying")).to_contain_text(f"API {apis[2]}")
    assert complaints_of_axe(page) == []
    for name in apis:
        Walker(page, portal, ENGLISH, name).until_live()
    assert _called_with(portal, apis) == [new.thumbprint, new.thumbprint, old.thumbprint]

    back_ends[2].trust(another_authority)
    page.goto(f"/security/client-certificates/{walker.name}/")
    page.locator("#staying").get_by_role("button").click()
    expect(page.locator("#tries")).to_contain_text("Accepted")
    main.get_by_role("button", name="Confirm", exact=True).click()
    expect(page.locator("#messages")).to_contain_text("1 API was moved")
    Walker(page, portal, ENGLISH, apis[2]).until_live()
    assert _called_with(portal, apis) == [new.thumbprint] * 3
