"""What came of a try as pages show it, however many APIs were tried: how many came out how, and the first rows, failures before others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import Case, Count, Min, QuerySet, Value, When

from certificates.rollout.proposals import FINE

MOST_ROWS = 100  # APIs; the others are counted
Cell = Callable[[Any], dict[str, Any]]


def tried_table(tries: QuerySet[Any], cell: Cell) -> dict[str, Any]:
    """Return a row for each API, a column for each place, the portal first.

    :param cell: returns what is shown of one try; of none, for an API that was not tried from a place, nothing is
    """
    places = list(tries.order_by("gateway").values_list("gateway", flat=True).distinct())
    apis = _apis(tries)
    found = list(tries.filter(api__in=[name for name, _title in apis[:MOST_ROWS]]))
    cells = {(one.api, one.gateway): one for one in found}
    heads = {one.api: one for one in found}
    rows = [
        (heads[name], [cell(cells[name, place]) if (name, place) in cells else {} for place in places])
        for name, _title in apis[:MOST_ROWS]
        if name in heads  # tried anew at this very moment
    ]
    return {"places": places, "tries": rows, "more": max(0, len(apis) - MOST_ROWS)}


def outcomes_of(tries: QuerySet[Any]) -> dict[str, int]:
    """Return how many tries came out how."""
    return dict(tries.order_by().values_list("outcome").annotate(number=Count("pk")))


def first_kept(tries: Sequence[dict[str, Any]]) -> tuple[list[dict[str, Any]], int]:
    """Return the first of the tries that a receipt keeps, failures before others, and how many more there are."""
    ordered = sorted(tries, key=lambda one: one["outcome"] in FINE)
    return ordered[:MOST_ROWS], max(0, len(ordered) - MOST_ROWS)


def _apis(tries: QuerySet[Any]) -> list[tuple[str, str]]:
    """Return the names of the APIs that were tried and what people call them, those that fail somewhere before others."""
    worst = Min(Case(When(outcome__in=FINE, then=Value(1)), default=Value(0)))
    rows = tries.order_by().values("api").annotate(fine=worst, title=Min("display_name")).order_by("fine", "title", "api")
    return list(rows.values_list("api", "title"))
