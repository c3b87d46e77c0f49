"""The guide: a page about each screen, in both languages, without dead links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from tests.makers import make_api

pytestmark = pytest.mark.any_database

GUIDE = Path(settings.BASE_DIR) / "docs" / "guide"
PAGES = sorted(path.stem for path in (GUIDE / "en").glob("*.md"))


def test_both_languages_have_the_same_pages() -> None:
    assert sorted(path.stem for path in (GUIDE / "zh-hans").glob("*.md")) == PAGES


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("page", PAGES)
def test_each_page_is_shown_and_its_links_lead_somewhere(signed_in: Client, page: str, language: str) -> None:
    answer = signed_in.get(f"/help/{page}/", headers={"accept-language": language})

    assert answer.status_code == 200
    article = answer.content.decode().partition("<article")[2].partition("</article>")[0]
    for target in re.findall(r'href="([^"]+)"', article):
        assert signed_in.get(target).status_code == 200, target


def test_a_page_is_shown_in_the_readers_language(signed_in: Client) -> None:
    signed_in.post("/i18n/setlang/", {"language": "zh-hans"})

    assert "上载".encode() in signed_in.get("/help/client-certificates/").content


@pytest.mark.parametrize(
    ("screen", "page"),
    [
        ("/", "first-steps"),
        ("/security/client-certificates/upload/", "client-certificates"),
        ("/activity/", "activity"),
        ("/help/", "index"),
    ],
)
def test_the_menu_leads_to_the_page_about_the_screen(signed_in: Client, screen: str, page: str) -> None:
    assert f'href="/help/{page}/"' in signed_in.get(screen).content.decode()


def test_each_tab_of_an_api_leads_to_the_page_about_it(signed_in: Client) -> None:
    make_api("orders")
    for tab, page in (("", "apis"), ("security/", "api-security"), ("calls/", "api-calls")):
        assert f'href="/help/{page}/"' in signed_in.get(f"/apis/orders/{tab}").content.decode()


def test_what_is_no_page_is_not_found(signed_in: Client) -> None:
    assert signed_in.get("/help/nothing/").status_code == 404
