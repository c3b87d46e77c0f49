"""Where the search over everything finds certificates: by name, subject or thumbprint, its last four characters too."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from django.urls import reverse

from certificates.kinds import CLIENT_CERTIFICATES, SERVER_CERTIFICATES, Pages
from certificates.models import Certificate, holding_words
from portal.search import MOST, Found, Group, May


def look(words: str, may: May) -> Iterator[Group]:
    """Yield the entries of each kind that the reader may see."""
    for pages in (CLIENT_CERTIFICATES, SERVER_CERTIFICATES):
        if may(pages.permission("view")):
            rows = pages.model.objects.with_current().filter(holding_words(words)).order_by("name")[: MOST + 1]
            found = [_found(pages, entry) for entry in rows]
            everything = f"{reverse(pages.to['index'])}?{urlencode({'q': words})}"
            yield Group(label=pages.title, icon="shield-check", found=found, all=everything)


def _found(pages: Pages, entry: Certificate) -> Found:
    assert entry.current is not None  # noqa: S101 - an entry is made with its first version
    path = reverse(pages.to["detail"], args=[entry.name])
    return Found(name=entry.name, detail=entry.current.label, mark=entry.current.last_four, path=path)
