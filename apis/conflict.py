"""Two people saved the same form: what the one saved, and what the other would."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A field whose values differ, as people read them."""

    label: str
    theirs: str
    mine: str


def differences(mine: forms.Form, theirs: forms.Form) -> list[Difference]:
    """Return the fields in which a valid form differs from the unbound form of what is saved; a password is never shown.

    :param mine: bound and valid
    :param theirs: unbound
    """
    found = []
    for bound in mine.visible_fields():
        saved, typed = theirs.get_initial_for_field(bound.field, bound.name), bound.value()
        if isinstance(bound.field.widget, forms.PasswordInput):
            if typed:
                found.append(Difference(label=str(bound.label), theirs=_("the stored password"), mine=_("another password")))
        elif (shown := _shown(bound.field, saved)) != (wanted := _shown(bound.field, typed)):
            found.append(Difference(label=str(bound.label), theirs=shown, mine=wanted))
    return found


def _shown(field: forms.Field, value: Any) -> str:
    if isinstance(field, forms.BooleanField):
        return _("Yes") if value else _("No")
    value = field.prepare_value(value)
    text = "\n".join(str("" if value is None else value).split("\r\n")).strip()
    if isinstance(field.widget, forms.Select):
        return next((str(label) for choice, label in field.widget.choices if str(choice) == text), text)
    return text
