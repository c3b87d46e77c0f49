"""The guide under ``docs/guide``, as pages of the portal: each screen links to the page about it."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import ResolverMatch, reverse
from django.utils.html import format_html, strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

if TYPE_CHECKING:
    from markdown_it.renderer import RendererHTML
    from markdown_it.token import Token

FIRST_PAGE = "index"
# What a screen's name begins with → the page about it; the first that fits.
_PAGES = (
    ("dashboard", "first-steps"),
    ("certificates:", "client-certificates"),
    ("server_certificates:", "https"),
    ("sources:", "client-certificates"),
    ("timeline:", "client-certificates"),
    ("doctor:", "client-certificates"),
    ("moving:", "client-certificates"),
    ("search", "first-steps"),
    ("authorities:", "trusted-authorities"),
    ("apis:security", "api-security"),
    ("apis:policy_history", "activity"),
    ("apis:history", "activity"),
    ("subscriptions:history", "activity"),
    ("apis:test_connection", "connection-test"),
    ("apis:console", "connection-test"),
    ("apis:policy_preview", "api-security"),
    ("apis:policy", "policies"),
    ("apis:operation_policy", "policies"),
    ("policies:", "policies"),
    ("named_values:", "policies"),
    ("apis:callers", "https"),
    ("apis:calls", "api-calls"),
    ("apis:", "apis"),
    ("backends:", "back-ends"),
    ("subscriptions:", "subscriptions"),
    ("gateways:", "gateways"),
    ("failures:", "gateways"),
    ("activity", "activity"),
    ("preferences", "people"),
    ("people:", "people"),
    ("profile", "people"),
    ("locks", "people"),
    ("password", "people"),
    ("login", "people"),
    ("mfa_", "people"),
    ("account_", "people"),
    ("sessions", "people"),
    ("sign_in_settings", "people"),
    ("settings", "settings"),
    ("retention", "settings"),
    ("about", "settings"),
    ("rest:", "management-api"),
    ("notices:", "notices"),
    ("configuration:", "management-api"),
)


def page_about(screen: ResolverMatch | None) -> str:
    """Return the address of the guide's page about a screen, of its first page if there is none."""
    name = screen.view_name if screen else ""
    page = next((page for prefix, page in _PAGES if name.startswith(prefix)), FIRST_PAGE)
    return reverse("guide", args=[page])


@require_safe
def guide(request: HttpRequest, page: str = FIRST_PAGE) -> HttpResponse:
    """Show a page of the guide in the reader's language."""
    if page not in _pages():
        raise Http404
    title, content = _rendered(_language(), page)
    context = {"title": title, "content": content, "is_first": page == FIRST_PAGE, "page": page, "contents": _contents(_language())}
    return render(request, "portal/guide.html", context)


_OTHER_LANGUAGE = re.compile(r"\]\(\.\./(?:en|zh-hans)/")
_PICTURES = "../../screenshots/"
_LINK = re.compile(r"\]\(([a-z-]+)\.md\)")
_BEFORE, _AFTER = 40, 80  # characters around what was searched for


def passages(words: str) -> list[tuple[str, str, str]]:
    """Return name, title and a passage of the pages that hold *words*, in the reader's language; those with them in the title first."""
    sought, language = words.casefold(), _language()
    found = []
    for page in sorted(_pages()):
        title, text = _plain(language, page)
        place = text.casefold().find(sought)
        if place >= 0 or sought in title.casefold():
            begin = max(0, place - _BEFORE)
            passage = text[begin : place + len(words) + _AFTER] if place >= 0 else text[:_AFTER]
            found.append((sought not in title.casefold(), page, title, f"{'…' if begin else ''}{passage.strip()}…"))
    return [(page, title, passage) for _, page, title, passage in sorted(found)]


def _language() -> str:
    return get_language() or settings.LANGUAGE_CODE


@functools.cache
def _contents(language: str) -> tuple[tuple[str, str], ...]:
    """Return name and title of the pages, in the order in which the first page leads to them."""
    first = (_folder(language) / f"{FIRST_PAGE}.md").read_text(encoding="utf-8")
    return tuple((name, _rendered(language, name)[0]) for name in _LINK.findall(first))


@functools.cache
def _plain(language: str, page: str) -> tuple[str, str]:
    """Return a page's title and its words without markup, on one line."""
    title, content = _rendered(language, page)
    return title, " ".join(unescape(strip_tags(content)).split())


@functools.cache
def _pages() -> frozenset[str]:
    return frozenset(path.stem for path in _folder(settings.LANGUAGE_CODE).glob("*.md"))


@functools.cache
def _rendered(language: str, page: str) -> tuple[str, SafeString]:
    """Return a page's title and what stands below it."""
    source = (_folder(language) / f"{page}.md").read_text(encoding="utf-8")
    title, _, text = source.partition("\n")
    text = "\n".join(line for line in text.splitlines() if not _OTHER_LANGUAGE.search(line))  # the bar has that
    from markdown_it import MarkdownIt  # for readers; every process names the guide's pages

    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    markdown.add_render_rule("link_open", _link)
    markdown.add_render_rule("image", _image)
    return title.removeprefix("# "), mark_safe(markdown.render(text))  # noqa: S308 - our own files, and HTML in them is escaped


def _folder(language: str) -> Path:
    return Path(settings.BASE_DIR) / "docs" / "guide" / language


def _link(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: object, _environment: object) -> str:
    """Point links between the files of the guide to its pages."""
    target = str(tokens[index].attrGet("href"))
    if target.endswith(".md"):
        tokens[index].attrSet("href", reverse("guide", args=[target.removesuffix(".md")]))
    return renderer.renderToken(tokens, index, options, {})  # type: ignore[arg-type]  # the options it was called with


def _image(_renderer: RendererHTML, tokens: Sequence[Token], index: int, _options: object, _environment: object) -> str:
    """Show a picture of ``docs/screenshots`` from among the static files; its words stand below it, too."""
    token = tokens[index]
    source = static(f"screenshots/{str(token.attrGet('src')).removeprefix(_PICTURES)}")
    return format_html('<img class="shot" src="{}" alt="{}" loading="lazy">', source, token.content)
