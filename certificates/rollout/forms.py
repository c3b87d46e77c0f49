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
from certificates.models import NAME_MAX_LENGTH, Certificate, Kind
from certificates.rollout.models import CANARY_MINUTES, Candidate, When
from certificates.rollout.staying import staying_of, switching_of
from certificates.rollout.steps import Steps, chosen_for
from portal.numbers import WholeNumberField

NOW, TRY, ACCEPTING = "now", "try", "accepted"
_MOST_MINUTES = 7 * 24 * 60
_OFFERED = 50


class Lasting(Protocol):
    """What is decided upon: a certificate that ends one day."""

    @property
    def path(self) -> Sequence[Facts]:
        """The facts of it and of those above it."""


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


class CanaryField(forms.CharField):
    """The name of an API that presents an entry; the first few are offered."""

    def __init__(self, **kwargs: Any) -> None:
        """Take any name; :func:`check_canary` says whether it will do."""
        attrs = {"list": "canaries", "spellcheck": "false", "autocapitalize": "none", "autocomplete": "off", "class": "mono"}
        super().__init__(
            required=False,
            max_length=NAME_MAX_LENGTH,
            widget=forms.TextInput(attrs=attrs),
            help_text=_("The name of an API. It alone presents a new version at first; then all do. Empty: all at once."),
            **kwargs,
        )


class MinutesAlone(WholeNumberField):
    """For how many minutes the canary is alone."""

    def __init__(self, **kwargs: Any) -> None:
        """Take up to a week."""
        super().__init__(min_value=1, max_value=_MOST_MINUTES, required=False, **kwargs)


def offered_canaries(certificate: Certificate) -> list[str]:
    """Return the names of APIs that may be an entry's canary, as far as a page offers them."""
    return list(switching_of(certificate).order_by("name").values_list("name", flat=True)[:_OFFERED])


def check_canary(form: forms.BaseForm, certificate: Certificate) -> None:
    """Put a sentence at the field if the API that was named does not present the entry."""
    named = form.cleaned_data.get("canary", "")
    if not named or switching_of(certificate).filter(name=named).exists():
        return
    if staying_of(certificate).filter(name=named).exists():
        form.add_error("canary", _("This API stays with an earlier version of the certificate. Choose one that does not, or none."))
    else:
        form.add_error("canary", _("No API of this name presents this certificate. Choose one that does, or none."))


class DecisionForm(forms.Form):
    """When what is proposed is done."""

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

    def __init__(self, data: Any, *, lasting: Lasting, has_to_be_confirmed: bool, initial: dict[str, Any] | None = None) -> None:
        """Decide upon what brings a certificate of which warnings may have to be confirmed."""
        super().__init__(data, initial=initial)
        self._lasting = lasting
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
        elif moment >= self._lasting.path[0].not_after:
            self.add_error("at", _("The new certificate has expired by then. Choose an earlier moment."))


class ConfirmForm(DecisionForm):
    """When a candidate becomes the current version, and in which steps."""

    canary = CanaryField(label=_("First one API alone"))
    canary_minutes = MinutesAlone(label=_("Minutes alone"))

    def __init__(self, data: Any, *, candidate: Candidate, has_to_be_confirmed: bool) -> None:
        """Decide upon *candidate*."""
        steps = chosen_for(candidate)
        initial = {"canary": steps.canary, "canary_minutes": steps.minutes}
        super().__init__(data, lasting=candidate, has_to_be_confirmed=has_to_be_confirmed, initial=initial)
        self._certificate = candidate.certificate
        if self._certificate.kind != Kind.CLIENT:
            del self.fields["canary"], self.fields["canary_minutes"]
        else:
            first, *others = self.fields["when"].choices  # type: ignore[attr-defined]  # a ChoiceField
            accepting = (ACCEPTING, _("Now, those whose back ends accept it; the others stay"))
            self.fields["when"].choices = [first, accepting, *others]  # type: ignore[attr-defined]  # the widget's, too

    def clean(self) -> dict[str, Any]:
        """Take an API that presents the entry for a canary."""
        super().clean()
        if "canary" in self.cleaned_data:
            check_canary(self, self._certificate)
        return self.cleaned_data

    @property
    def canaries(self) -> list[str]:
        """The names that are offered."""
        return offered_canaries(self._certificate) if "canary" in self.fields else []

    @property
    def in_steps(self) -> Steps | None:
        """The steps that were chosen; ``None``: nothing was said of them."""
        if "canary" not in self.fields or "canary" not in self.data:
            return None
        minutes = self.cleaned_data.get("canary_minutes") or CANARY_MINUTES
        return Steps(self.cleaned_data["canary"], minutes)
