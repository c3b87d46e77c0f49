"""Which two policy documents are compared."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apis.history.moments import NOW, Moment, moment_of

_LONGEST_NUMBER = 18  # digits of a 64-bit key


class CompareForm(forms.Form):
    """Two moments: after a line of the history, at a time, or now."""

    older = forms.ChoiceField(label=_("First document: after"), required=False)
    moment = forms.DateTimeField(
        label=_("or as it was at this time (UTC)"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    newer = forms.ChoiceField(label=_("Second document: after"), required=False)

    def __init__(self, asked: Any, *, moments: list[tuple[str, str]]) -> None:
        """Offer *moments*, by the numbers of their lines, the newest first."""
        super().__init__(asked)
        self.fields["moment"].needed_if_chosen = True  # type: ignore[attr-defined]
        number = {name: str(asked.get(name, "")) for name in ("older", "newer")}
        for name, chosen in number.items():
            others = [(chosen, _("change %(number)s") % {"number": chosen})] if _is_number(chosen) and chosen not in dict(moments) else []
            self.fields[name].needed_if_chosen = True  # type: ignore[attr-defined]  # not marked "(optional)": each has a default
            self.fields[name].choices = [("", _("the newest change")), *others, *moments]  # type: ignore[attr-defined]  # a ChoiceField

    def first(self) -> Moment:
        """Return the moment of the first document, once the form is valid."""
        if at := self.cleaned_data.get("moment"):
            return moment_of(at.astimezone(UTC))
        return _moment(self.cleaned_data.get("older"))

    def second(self) -> Moment:
        """Return the moment of the second."""
        return _moment(self.cleaned_data.get("newer"))


def _moment(number: str | None) -> Moment:
    return Moment(int(number)) if number else NOW


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER
