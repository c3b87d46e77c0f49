"""What pages show of where entries are used; the number of queries does not grow with entries or APIs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import Count, F, QuerySet, Window
from django.db.models.functions import RowNumber

from certificates.authorities.models import Authority
from certificates.authorities.uses import uses
from certificates.holders import holders_of

if TYPE_CHECKING:
    from apis.models import Api

_SHOWN = 50  # of those that use an entry, on its page; the others are counted
_NAMED = 3  # on its card


@dataclass(slots=True)
class Use:
    """The APIs that trust an entry for one purpose, as far as they are shown, and how many there are."""

    apis: list[Any] = field(default_factory=list)
    number: int = 0

    @property
    def more(self) -> int:
        """How many are not shown."""
        return self.number - len(self.apis)


def use_of(authority: Authority) -> dict[str, Any]:
    """Return what the page of one entry shows: the APIs whose back ends, and those whose callers, have to lead to it."""
    trusting, admitting = (_first(rows) for rows in (uses().trusting(authority), uses().admitting(authority)))
    return {"trusting": trusting, "admitting": admitting, "used_by": trusting.number + admitting.number, "holders": holders_of(authority)}


def uses_among(authorities: Sequence[Authority]) -> dict[int, dict[str, Use]]:
    """Return the same of several entries, by their ids, with a few names each. Four queries."""
    found = {one.pk: {"trusting": Use(), "admitting": Use()} for one in authorities}
    model = Authority._meta.get_field("trusting").related_model  # an app above this one
    for purpose, column in (("trusting", "trusted_authority"), ("admitting", "caller_authority")):
        rows = model._default_manager.filter(**{f"{column}__in": list(found)}).order_by()
        for pk, number in rows.values_list(column).annotate(number=Count("pk")):
            found[pk][purpose].number = number
        place = Window(RowNumber(), partition_by=F(column), order_by=("display_name", "name"))
        for api in (
            rows.annotate(place=place).filter(place__lte=_NAMED).order_by("display_name", "name").only("name", "display_name", column)
        ):
            found[getattr(api, f"{column}_id")][purpose].apis.append(api)
    return found


def _first(rows: QuerySet[Api]) -> Use:
    apis = list(rows.order_by("display_name", "name").only("name", "display_name")[: _SHOWN + 1])
    return Use(apis[:_SHOWN], len(apis) if len(apis) <= _SHOWN else rows.count())
