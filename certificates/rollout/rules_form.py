"""The form of an entry's rules, with a path for each API that presents it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from certificates.models import Certificate, Kind
from certificates.rollout.forms import CanaryField, MinutesAlone, ZoneField, check_canary, offered_canaries
from certificates.rollout.models import CANARY_MINUTES, Rules, rules_of
from portal.numbers import WholeNumberField

if TYPE_CHECKING:
    from apis.models import Api

    _Form = forms.ModelForm[Rules]
else:
    _Form = forms.ModelForm

_MOST_DAYS = 3650
_MOST_MINUTES = 24 * 60  # calls are counted by the minute for a day
_OF_CLIENTS = ("canary", "canary_minutes", "probation_minutes")  # calls are counted by version for back ends only
# What may stand in the first line of a request: RFC 3986, path and query.
valid_path = RegexValidator(
    re.compile(r"/(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*\Z"), _("Begin with / and use only what an address may hold.")
)


class RulesForm(_Form):
    """How an entry's versions are switched to."""

    window_days = forms.TypedMultipleChoiceField(
        label=_("Days"),
        coerce=int,
        choices=list(enumerate([_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday")])),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("On which it begins. None chosen: every day."),
    )
    window_zone = ZoneField(label=_("Time zone"))
    canary = CanaryField(label=_("First one API alone"))
    canary_minutes = MinutesAlone(label=_("Minutes alone"))
    probation_minutes = WholeNumberField(
        label=_("Take back if refusals rise within"),
        min_value=1,
        max_value=_MOST_MINUTES,
        required=False,
        help_text=_(
            "Minutes after a switch in which the version before is put back if back ends that took it refuse the new one. Empty: never."
        ),
    )
    destroy_after_days = WholeNumberField(
        label=_("Destroy keys of old versions after"),
        min_value=1,
        max_value=_MOST_DAYS,
        required=False,
        help_text=_("Days after which the private key of a version that is presented no more is destroyed. Empty: never."),
    )

    class Meta:
        """All but the paths, which are a field for each API."""

        model = Rules
        fields = ("sources", "window_days", "window_from", "window_to", "window_zone", "another_person", "destroy_after_days", *_OF_CLIENTS)
        widgets = {  # noqa: RUF012 - Django declares it so
            "sources": forms.RadioSelect,
            "window_from": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "window_to": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        }
        help_texts = {  # noqa: RUF012
            "window_to": _("Not later than the beginning: on the next day."),
            "another_person": _(
                "Whoever has brought a version cannot confirm it, nothing is replaced or rolled back at once,"
                " and what a source brings waits for a person."
            ),
        }

    def __init__(self, data: Any = None, *, certificate: Certificate, apis: Iterable[Api] = ()) -> None:
        """Offer a path for each of *apis*."""
        super().__init__(data, instance=rules_of(certificate))
        self._certificate = certificate
        if certificate.kind != Kind.CLIENT:
            for name in _OF_CLIENTS:
                del self.fields[name]
        self._paths = {f"path-{api.pk}": api.name for api in apis}
        for field, api in zip(self._paths, apis, strict=True):
            self.fields[field] = forms.CharField(
                label=api.display_name,
                required=False,
                max_length=1000,
                validators=[valid_path],
                initial=self.instance.paths.get(api.name, ""),
                widget=forms.TextInput(attrs={"placeholder": "/health", "spellcheck": "false", "autocapitalize": "none", "class": "mono"}),
            )

    @property
    def path_fields(self) -> list[forms.BoundField]:
        """The fields of the paths."""
        return [self[name] for name in self._paths]

    @property
    def canaries(self) -> list[str]:
        """The names that are offered."""
        return offered_canaries(self._certificate) if "canary" in self.fields else []

    def clean(self) -> dict[str, Any]:
        """Demand times where versions are switched to within times."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("sources") == Rules.Sources.WINDOW:
            for name in ("window_from", "window_to"):
                if cleaned.get(name) is None and name not in self.errors:
                    self.add_error(name, _("Say a time of the day, for instance 02:00."))
        if "canary" in cleaned:
            check_canary(self, self._certificate)
            cleaned["canary_minutes"] = cleaned.get("canary_minutes") or CANARY_MINUTES
        return cleaned

    def chosen(self) -> dict[str, Any]:
        """Return what was chosen, by field of :class:`Rules`; paths of APIs that are not on the page stay."""
        others = {api: path for api, path in self.instance.paths.items() if api not in self._paths.values()}
        paths = {api: self.cleaned_data[field] for field, api in self._paths.items() if self.cleaned_data[field]}
        said = [name for name in self._meta.fields or () if name in self.fields and (name not in _OF_CLIENTS or name in self.data)]
        return {name: self.cleaned_data[name] for name in said} | {"paths": others | paths}
