"""Ids as clients spell them: regardless of case, as the published service takes them."""

from __future__ import annotations

from typing import TypeVar

from django.db.models import Case, Model, QuerySet, Value, When

from certificates.models import folded

Row = TypeVar("Row", bound=Model)


def spelled(rows: QuerySet[Row], name: str) -> QuerySet[Row]:
    """Return those of *rows* whose ``name`` differs in case at most, the very spelling first: pages may have made two such."""
    if name.isascii():
        found = rows.filter(name__iexact=name)
    else:  # SQLite folds ASCII only, PostgreSQL by its locale
        names = rows.order_by().values_list("name", flat=True)
        found = rows.filter(name__in=[one for one in names if folded(one) == folded(name)])
    return found.order_by(Case(When(name=name, then=Value(0)), default=Value(1)), "name")
