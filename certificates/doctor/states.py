"""How an entry stands, as the database can tell: by what was noted of its current version, and the date."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Case, Count, Q, QuerySet, TextChoices, Value, When
from django.utils.translation import gettext_lazy as _

from certificates.doctor.diagnosing import judged_by
from certificates.models import EXPIRES_SOON, Certificate


class State(TextChoices):
    """How an entry stands, the worst first; the values are ordered as they are."""

    REFUSED = "1-refused", _("May be refused")
    BREAKS = "2-breaks", _("Breaks at its next renewal")
    SOON = "3-soon", _("Expires soon")
    WELL = "4-well", _("Well")
    UNKNOWN = "5-unknown", _("Not judged yet")

    @property
    def slug(self) -> str:
        """What addresses call it."""
        return self.value.partition("-")[2]

    @property
    def badge(self) -> str:
        """How it looks."""
        return {State.REFUSED: "bad", State.BREAKS: "warn", State.SOON: "warn", State.WELL: "good"}.get(self, "plain")


def with_state(entries: QuerySet[Certificate], *, now: datetime) -> QuerySet[Any]:
    """Annotate each of *entries* with its ``state``."""
    version = "current__"
    dated = (
        Q(**{f"{version}not_after__lt": now})
        | Q(**{f"{version}not_before__gt": now})
        | Q(**{f"{version}diagnosis__issuers_until__lt": now})
        | Q(**{f"{version}diagnosis__issuers_from__gt": now})
    )
    judged = Q(**{f"{version}diagnosis__judged_by": judged_by()})
    return entries.annotate(
        state=Case(
            When(dated, then=Value(State.REFUSED)),
            When(~judged, then=Value(State.UNKNOWN)),
            When(Q(**{f"{version}diagnosis__is_doubtful": True}), then=Value(State.REFUSED)),
            When(Q(**{f"{version}diagnosis__breaks": True}), then=Value(State.BREAKS)),
            When(Q(**{f"{version}not_after__lt": now + EXPIRES_SOON}), then=Value(State.SOON)),
            default=Value(State.WELL),
        )
    )


def counts(entries: QuerySet[Any]) -> dict[State, int]:
    """Return how many of *entries* stand how."""
    return dict(entries.order_by().values_list("state").annotate(number=Count("pk")))
