"""The guide tells of each screen and each of its settings, in both languages; of a field that is typed into, with an example."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, partial
from html import unescape
from html.parser import HTMLParser

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils.html import strip_tags

from portal.guide import FIRST_PAGE
from tests.portal.every_page import ADDRESSES, Open, make_something_of_everything

pytestmark = pytest.mark.any_database

LANGUAGES = ("en", "zh-hans")
_NO_SCREENS = {"help", "guide", "logout"}
_HELP = re.compile(r'<a href="/help/([a-z-]+)/"[^>]*><svg')
_BLOCK = re.compile(r"<(tr|li|p|h2|h3)\b[^>]*>(.*?)</\1>", re.DOTALL)
_TYPED = {"text", "number", "password", "email", "url", "date", "datetime-local", "textarea", "file"}
_EXAMPLE = re.compile(r"<code>|for instance|例如")


@dataclass(frozen=True)
class Setting:
    """A field of a form: what it is called, and whether something is typed into it."""

    label: str
    is_typed: bool


class Settings(HTMLParser):
    """Collects the fields of the forms of a page's main part that change something: by their labels, those of choices by their legends."""

    def __init__(self) -> None:
        super().__init__()
        self._form = self._words = self._of = ""
        self._labels: dict[str, str] = {}
        self._kinds: dict[str, str] = {}
        self._legends: list[str] = []
        self._is_group = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        of = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = of.get("method", "get")
        elif tag == "fieldset":
            self._is_group = "group" in of.get("class", "").split()
        elif tag in {"label", "legend"} and self._form == "post":
            self._of, self._words = of.get("for", ""), ""
        elif tag in {"input", "select", "textarea"} and self._form == "post" and "id" in of:
            self._kinds[of["id"]] = of.get("type", "text") if tag == "input" else tag

    def handle_data(self, data: str) -> None:
        self._words += data

    def handle_endtag(self, tag: str) -> None:
        words = " ".join(self._words.split())
        if tag == "label" and self._of:
            self._labels[self._of], self._of = words, ""
        elif tag == "legend" and self._form == "post" and not self._is_group:
            self._legends.append(words)
        elif tag == "form":
            self._form = ""

    def found(self) -> list[Setting]:
        own = {key: label for key, label in self._labels.items() if not re.search(r"_\d+$", key)}  # the rest are options of a choice
        fields = [Setting(_bare(label), self._kinds.get(key, "") in _TYPED) for key, label in own.items() if key in self._kinds]
        return [*fields, *(Setting(_bare(legend), is_typed=False) for legend in self._legends)]


def _bare(label: str) -> str:
    return re.sub(r"(?:\s*[(（][^()（）]*[)）])+$", "", label)


def _settings(page: str) -> list[Setting]:
    settings = Settings()
    settings.feed(page.partition("<main")[2].partition("</main>")[0])
    return settings.found()


def _article(client: Client, page: str) -> str:
    return client.get(f"/help/{page}/").content.decode().partition("<article")[2].partition("</article>")[0]


def _told(client: Client, page: str) -> list[tuple[str, str]]:
    """Return what the page tells, and the pages it leads to: each paragraph, line and row with its words."""
    article = _article(client, page)
    led_to = [_article(client, other) for other in dict.fromkeys(re.findall(r'href="/help/([a-z-]+)/"', article))]
    blocks = [found[1] for one in (article, *led_to) for found in _BLOCK.findall(one)]
    return [(block, _words(block)) for block in blocks]


def _words(markup: str) -> str:
    return " ".join(unescape(strip_tags(markup)).split()).casefold()


def _lacking(told: list[tuple[str, str]], settings: list[Setting]) -> list[str]:
    """Return which settings are not told, or without an example."""
    lacking = []
    for setting in settings:
        blocks = [block for block, words in told if setting.label.casefold() in words]
        if not blocks:
            lacking.append(f"{setting.label} is not told")
        elif setting.is_typed and not any(_EXAMPLE.search(block) for block in blocks):
            lacking.append(f"{setting.label} has no example")
    return lacking


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_screen_has_a_page_that_tells_its_settings_with_examples(
    administrators_pages: Client, administrator: User, language: str
) -> None:
    client = administrators_pages
    make_something_of_everything()
    client.post("/i18n/setlang/", {"language": language})
    told = cache(partial(_told, client))
    lacking: dict[str, str] = {}
    for name, address in ADDRESSES.items():
        if address.open_to is Open.ANYBODY or address.method != "get" or not address.reads or name in _NO_SCREENS:
            continue
        answer = client.get(address.path(name))
        content = answer.content.decode() if answer["Content-Type"].startswith("text/html") else ""
        if not (page := _HELP.search(content)):
            continue
        if page[1] == FIRST_PAGE:
            lacking[name] = "no page of the guide is about it"
        lacking |= {f"{page[1]}: {one}": name for one in _lacking(told(page[1]), _settings(content))}
    assert not lacking, "\n".join(f"{what} ({screen})" for what, screen in sorted(lacking.items()))
