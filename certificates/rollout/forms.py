"""The forms of a switch: when, and by which rules."""

from __future__ import annotations

import zoneinfo
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, Protocol

from django import forms
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from certificates.facts import Facts
from certificates.rollout.models import When

NOW, TRY = "now", "try"


@cache
def _zones() -> list[tuple[str, str]]:
    names = sorted(name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/")))
    return [(name, name) for name in ("UTC", *names)]


class ZoneField(forms.ChoiceField):
    """A time zone of the IANA database; UTC where nothing is said."""

    def __init__(self, **kwargs: Any) -> None:
        """Offer them all."""
        super().__init__(choices=_zones, required=False, widget=forms.Select(attrs={"translate": "no"}), **kwargs)

    def clean(self, value: Any) -> str:
        """Return its name."""
        return str(super().clean(value) or "UTC")


class Ending(Protocol):
    """What can be switched to, and ends: a candidate, of whatever kind."""

    @property
    def path(self) -> Sequence[Facts]:
        """Its certificates; none of them is to be switched to after the first has ended."""


class ConfirmForm(forms.Form):
    """When a candidate becomes the current version."""

    when = forms.ChoiceField(
        label=_("When"),
        choices=[(NOW, _("Now")), (When.AT.value, When.AT.label), (When.AFTER_TRY.value, _("When every back end accepts it"))],
        widget=forms.RadioSelect,
        initial=NOW,
    )
    at = forms.CharField(
        label=_("Moment"),
        help_text=_("Date and time, for instance 2027-01-31T02:00. The present version stays until then."),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )
    zone = ZoneField(label=_("Time zone"))
    confirmed = forms.BooleanField(label=_("What is warned of above is meant"), required=False)

    def __init__(self, data: Any, *, candidate: Ending, has_to_be_confirmed: bool) -> None:
        """Decide upon *candidate*, of which warnings may have to be confirmed."""
        super().__init__(data)
        self._candidate = candidate
        self._has_to_be_confirmed = has_to_be_confirmed
        if not has_to_be_confirmed:
            del self.fields["confirmed"]

    def clean(self) -> dict[str, Any]:
        """Take the moment for one in its zone; demand that warnings are confirmed."""
        if self.cleaned_data.get("when") == When.AT and "zone" in self.cleaned_data:
            self._clean_moment(self.cleaned_data.get("at", ""), self.cleaned_data["zone"])
        if self._has_to_be_confirmed and not self.cleaned_data.get("confirmed"):
            self.add_error("confirmed", _("Read the warnings above. If the difference is meant, tick this and confirm again."))
        return self.cleaned_data

    @property
    def moment(self) -> datetime | None:
        """The moment that was chosen, in UTC."""
        return self.cleaned_data.get("moment")

    def _clean_moment(self, text: str, zone: str) -> None:
        try:
            moment = parse_datetime(text)
        except ValueError:
            moment = None
        if moment is None:
            self.add_error("at", _("Say the date and the time, for instance 2027-01-31T02:00."))
            return
        if timezone.is_naive(moment):
            local = moment.replace(tzinfo=zoneinfo.ZoneInfo(zone))
            if local.astimezone(UTC).astimezone(local.tzinfo).replace(tzinfo=None) != moment:
                self.add_error("at", _("Clocks in that time zone are put forward over this moment. Choose another one."))
                return
            moment = local
        try:
            self.cleaned_data["moment"] = moment = moment.astimezone(UTC)
        except OverflowError:
            self.add_error("at", _("Say the date and the time, for instance 2027-01-31T02:00."))
            return
        if moment <= timezone.now():
            self.add_error("at", _("This moment has passed. Choose a later one, or now."))
        elif moment >= self._candidate.path[0].not_after:
            self.add_error("at", _("The new certificate has expired by then. Choose an earlier moment."))
