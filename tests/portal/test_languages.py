"""Everything a person can read is there in both languages, and nothing bypasses translation."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from typing import Any

import polib
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from portal.translations import compile_translations
from tests.portal.every_page import ADDRESSES, make_something_of_everything
from tests.portal.messages import Message, messages

pytestmark = pytest.mark.any_database

CATALOGUE = Path(settings.BASE_DIR) / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
# The guide is a document of its own per language; the form for a new password is Django's own, whoever fills it in; receipts and
# definitions as files are for machines.
_NO_PAGES = {
    *("healthz", "readyz", "login", "guide", "help", "password_change", "invitation"),
    *("apis:export", "apis:export_list", "subscriptions:export_list", "certificates:export", "server_certificates:export", "metrics"),
    *("certificates:receipt_file", "server_certificates:receipt_file", "authorities:receipt_file", "authorities:download"),
    *("certificates:public_file", "server_certificates:public_file"),
}
PAGES = {name: address for name, address in ADDRESSES.items() if address.method == "get" and name not in _NO_PAGES}
# What is the same in every language: what the tests have stored, verbs, certificates' own words, names of languages.
_DATA = re.compile(
    r"\b(?:orders\.example\.com|all-apis|administrator(?:@example\.com)?|api\.example\.com|someone|newcomer|shop|orders-host|Django|Python|SQLite|healthz|readyz|orders(?:-client)?|gateway-1|all|everything|English|Marked"
    r"|Ocp-Apim-Subscription-Key|subscription-key|OpenAPI|Swagger|YAML|JSON|api"
    r"|team(?:@example\.com)?|Slack|Microsoft Teams|CN|O|Example|5f3c-1|[0-9A-F]{4,64}|Envoy|P-256|GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|TRACE|https?://\S+)\b",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w+\}")


def _entries() -> dict[Message, polib.POEntry]:
    catalogue = polib.pofile(str(CATALOGUE), encoding="utf-8")
    return {Message(entry.msgctxt or None, entry.msgid, entry.msgid_plural or ""): entry for entry in catalogue}


def test_every_text_is_translated_and_no_translation_is_left_over() -> None:
    entries = _entries()
    assert messages() - set(entries) == set(), "not in the catalogue"
    assert set(entries) - messages() == set(), "no longer used"
    assert [entry.msgid for entry in entries.values() if not entry.translated()] == [], "not translated, or fuzzy"


def test_translations_keep_the_placeholders() -> None:
    for entry in _entries().values():
        for translated in entry.msgstr_plural.values() if entry.msgid_plural else [entry.msgstr]:
            assert set(_PLACEHOLDER.findall(translated)) == set(_PLACEHOLDER.findall(entry.msgid_plural or entry.msgid)), entry.msgid


class Texts(HTMLParser):
    """Collects what a person reads on a page: texts, and the attributes that are read out or shown."""

    SPOKEN = ("alt", "aria-label", "placeholder", "title")
    SILENT = ("script", "style", "code", "pre", "kbd", "time", "textarea")

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.SILENT or dict(attrs).get("translate") == "no":
            self._silent.append(tag)
        elif not self._silent:
            self.read += [value for name, value in attrs if name in self.SPOKEN and value]

    def handle_endtag(self, tag: str) -> None:
        if self._silent and self._silent[-1] == tag:
            self._silent.pop()

    def handle_data(self, data: str) -> None:
        if not self._silent and data.strip():
            self.read.append(data.strip())


@pytest.fixture(scope="module")
def marked_texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where there is a language in which every text of ours stands between ⟦ and ⟧."""
    place = tmp_path_factory.mktemp("marked")
    folder = place / "en_GB" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    marked = polib.POFile(wrapwidth=0)
    marked.metadata = {"Content-Type": "text/plain; charset=UTF-8", "Plural-Forms": "nplurals=2; plural=(n != 1);"}
    for message in messages():
        one, many = _mark(message.text), _mark(message.plural)
        marked.append(
            polib.POEntry(msgctxt=message.context, msgid=message.text, msgid_plural=message.plural, msgstr_plural={0: one, 1: many})
            if message.plural
            else polib.POEntry(msgctxt=message.context, msgid=message.text, msgstr=one)
        )
    marked.save(str(folder / "django.po"))
    compile_translations(place, place)
    return place


@pytest.fixture
def marked(marked_texts: Path, settings: Settings) -> None:
    """Speak that language."""
    import_module(settings.ROOT_URLCONF)  # what offers the languages to choose from must not know this one
    settings.LANGUAGES = [("en-gb", "Marked")]
    settings.LANGUAGE_CODE = "en-gb"
    settings.LOCALE_PATHS = [marked_texts]


def _mark(text: str) -> str:
    """Return *text* between ⟦ and ⟧, each piece between its placeholders by itself: they may be elements of the page."""
    return f"⟦{_PLACEHOLDER.sub(lambda found: f'⟧{found[0]}⟦', text)}⟧"


def test_no_text_bypasses_translation(administrator: User, marked: None) -> None:
    make_something_of_everything()  # once for all pages: looking at one changes nothing
    client = Client(headers={"accept-language": "en-gb"})
    client.force_login(administrator)
    bypassing = {name: found for name, address in PAGES.items() if (found := _bypassing(client.get(address.path(name))))}
    assert bypassing == {}


def _bypassing(answer: Any) -> list[str]:
    page = Texts()
    page.feed(answer.content.decode())
    return [text for text in page.read if "⟦" not in text and re.search(r"[A-Za-z]{3}", _DATA.sub("", text))]
