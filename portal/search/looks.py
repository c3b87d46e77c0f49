"""What the portal itself has to find: its pages, people, and the guide."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.guide import passages
from portal.menu import entries
from portal.people.listing import SEARCH
from portal.search import MOST, Found, Group, May


def pages_of(request: HttpRequest) -> Callable[[str, May], Iterator[Group]]:
    """Return what finds the lines of the menu that the reader of *request* has."""

    def look(words: str, _may: May) -> Iterator[Group]:
        named = [entry for entry in entries(request) if entry.url and words.casefold() in str(entry.label).casefold()]
        yield Group(label=_("Pages"), icon="bars-3", found=[Found(name=entry.label, path=entry.url) for entry in named])

    return look


def people(words: str, may: May) -> Iterator[Group]:
    """Yield people by name and address."""
    if may("auth.view_user"):
        rows = User.objects.filter(SEARCH(words)).order_by("username")[: MOST + 1]
        found = [Found(name=one.username, detail=one.email, path=reverse("people:detail", args=[one.username])) for one in rows]
        yield Group(label=_("People"), icon="users", found=found, all=f"{reverse('people:index')}?{urlencode({'q': words})}")


def guide(words: str, _may: May) -> Iterator[Group]:
    """Yield the guide's pages that hold the words, those with them in the title first."""
    found = [Found(name=title, detail=passage, path=reverse("guide", args=[page])) for page, title, passage in passages(words)]
    yield Group(label=_("Guide"), icon="question-mark-circle", found=found[: MOST + 1])
