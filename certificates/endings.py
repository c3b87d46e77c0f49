"""When each entry ends and how many APIs use it: what dashboard, lists and timeline ask at each visit of all entries there are."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple

from django.db.models import Count

from certificates.models import EXPIRES_SOON, Certificate, Kind
from portal.activity.remembering import Remembered


class Ending(NamedTuple):
    """The end of one entry's current version.

    :ivar mark: the last four characters of the version's thumbprint
    :ivar used_by: how many APIs present the entry
    """

    at: datetime
    name: str
    kind: Kind
    mark: str
    used_by: int


@dataclass(frozen=True, eq=False)
class Endings:
    """Those of some entries, the earliest first."""

    all: Sequence[Ending]

    def expired(self, now: datetime) -> Sequence[Ending]:
        """Return those that have ended."""
        return self.all[: self._place(now)]

    def expiring(self, now: datetime) -> Sequence[Ending]:
        """Return those that will end within 30 days."""
        return self.all[self._place(now) : self._place(now + EXPIRES_SOON)]

    @cached_property
    def used(self) -> Endings:
        """Those of entries that an API presents."""
        return Endings([one for one in self.all if one.used_by])

    @cached_property
    def unused(self) -> Sequence[Ending]:
        """Those of the others."""
        return [one for one in self.all if not one.used_by]

    def _place(self, moment: datetime) -> int:
        return bisect_right(self.all, moment, key=attrgetter("at"))


def _read() -> dict[Kind, Endings]:
    # Counted apart: for joined rows, databases group ten thousand entries by all their columns.
    uses = dict(Certificate.objects.filter(apis__isnull=False).order_by().values_list("pk").annotate(Count("apis")))
    shown = ("current__not_after", "name", "kind", "current__thumbprint", "pk")
    rows = Certificate.objects.filter(current__isnull=False).order_by("current__not_after", "name").values_list(*shown)
    found = [Ending(at, name, Kind(kind), thumbprint[-4:], uses.get(pk, 0)) for at, name, kind, thumbprint, pk in rows]
    return {kind: Endings([one for one in found if one.kind is kind]) for kind in Kind}


endings = Remembered(_read)
