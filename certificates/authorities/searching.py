"""Where the search over everything finds trusted authorities: by name, or by subject or thumbprint of a certificate they hold."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from certificates.authorities.access import permission
from certificates.authorities.models import Authority, holding_words
from portal.search import MOST, Found, Group, May


def look(words: str, may: May) -> Iterator[Group]:
    """Yield the entries, if the reader may see them."""
    if may(permission("view")):
        rows = Authority.objects.filter(holding_words(words), current__isnull=False).select_related("current").order_by("name")[: MOST + 1]
        found = [Found(name=one.name, detail=_label_of(one), path=reverse("authorities:detail", args=[one.name])) for one in rows]
        everything = f"{reverse('authorities:index')}?{urlencode({'q': words})}"
        yield Group(label=_("Trusted authorities"), icon="building-library", found=found, all=everything)


def _label_of(authority: Authority) -> str:
    return authority.current.label if authority.current else ""
