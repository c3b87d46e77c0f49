"""Where the search over everything finds back ends."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apis.backends import listing
from apis.backends.models import BackEnd
from portal.search import MOST, Found, Group, May


def look(words: str, may: May) -> Iterator[Group]:
    """Yield the back ends that the reader may see."""
    if may("apis.view_api"):
        rows = BackEnd.objects.filter(listing.search(words)).only("name", "title", "url").order_by("name")[: MOST + 1]
        found = [Found(name=one.display_name, detail=one.url, path=reverse("backends:detail", kwargs={"name": one.name})) for one in rows]
        yield Group(label=_("Back ends"), icon="globe-alt", found=found, all=f"{reverse('backends:index')}?{urlencode({'q': words})}")
