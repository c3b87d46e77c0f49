"""The list of back ends: its columns, and what its search finds."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from certificates.models import holding_words
from portal.listing import Column, holding

COLUMNS = (
    Column(key="name", label=_("Name"), field="name", any_case=True),
    Column(key="url", label=_("Address"), field="url", any_case=True),
    Column(key="changed", label=_("Changed"), field="changed_at", room="widest"),
)
_OWN = holding("name", "title", "url", "description")


def search(words: str) -> Q:
    """Return the condition that a back end's name, title, address or description holds *words*, or what stands of its certificate."""
    return _OWN(words) | holding_words(words, of="certificate__")
