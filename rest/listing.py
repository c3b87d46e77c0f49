"""The list of credentials: of both kinds together, searched and paged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Value

from portal.http import PortalRequest
from portal.listing import PAGE_SIZE, holding, words_of
from rest.models import AccessToken, Credential, SharedAccess

_KINDS: tuple[type[AccessToken | SharedAccess], ...] = (AccessToken, SharedAccess)
_search = holding("name", "identifier", "user__username", "created_by")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One page of credentials, and what was searched for."""

    page: Page[Any]
    q: str


def listed(request: PortalRequest) -> Listed:
    """Return the page of the credentials that the person sees that the address asks for by ``q`` and ``page``, the newest first."""
    q = words_of(request.GET.get("q", ""))
    tokens, accesses = (
        model.objects.seen_by(request.user)
        .filter(_search(q))
        .order_by()
        .annotate(number=Value(number))
        .values_list("created_at", "number", "pk")
        for number, model in enumerate(_KINDS)
    )
    found = tokens.union(accesses, all=True).order_by("-created_at", "number", "-pk")
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    page.object_list = _rows([(number, pk) for _created_at, number, pk in page.object_list])
    return Listed(page=page, q=q)


def _rows(keys: list[tuple[int, int]]) -> list[Credential]:
    """Return the credentials of these keys, in their order; one that has gone meanwhile is left out."""
    rows: dict[tuple[int, int], Credential] = {}
    for number, model in enumerate(_KINDS):
        wanted = [pk for kind, pk in keys if kind == number]
        rows |= {(number, row.pk): row for row in model.objects.select_related("user").filter(pk__in=wanted)}
    return [rows[key] for key in keys if key in rows]
