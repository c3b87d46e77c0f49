"""Named values of a configuration file. The value of a secret one is a secret of the file."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apis.named_values import actions
from apis.named_values.forms import TAKEN, NamedValueForm
from apis.named_values.models import NamedValue
from apis.naming import RESERVED_NAMES
from certificates.sealing import Secret
from rest.bodies import Properties
from rest.configuration.context import Context
from rest.configuration.document import Document
from rest.configuration.reading import check_new_name
from rest.configuration.secrets.keeping import Keeper
from rest.configuration.sections.labels import labels_of
from rest.configuration.sections.section import Section
from rest.configuration.shape import making
from rest.envelope import Fault, Invalid


def _shape() -> making.Shape:
    fields = making.of_form(NamedValueForm, ("display_name", "secret", "value"))
    return making.entry({**fields, "secret_value": making.secret("Of a secret one, in place of value."), "tags": making.texts()})


def _rows() -> Any:
    return NamedValue.objects.select_related("sealed").order_by("name")


def _show(row: NamedValue, keeper: Keeper) -> Document:
    shown = {name: getattr(row, name) for name in ("name", "display_name", "secret", "value", "tags")}
    if not row.secret:
        return shown
    value = keeper.keep(f"named_values/{row.name}/secret_value", row.sealed.pk, row.sealed.opened)
    return shown | ({"secret_value": value} if value else {})


def _apply(context: Context, wanted: Document, before: Document | None, place: str) -> None:
    check_new_name(wanted, before, place, RESERVED_NAMES)
    row = NamedValue.objects.select_related("sealed").filter(name=wanted["name"]).first()
    text = _text(context, wanted, place)
    tags = ", ".join(wanted.get("tags", []))
    form = NamedValueForm({**wanted, "value": text or "", "tags": tags}, value=row)
    Properties(wanted, within=place).check_by(form, {})
    chosen = _chosen(form, row, text)
    if row and text is not None and _is_so(row, chosen):
        return
    try:
        if row:
            actions.change(row, chosen, **context.stamp)
        else:
            actions.create(wanted["name"], chosen, **context.stamp)
    except actions.Taken as refusal:
        raise Invalid(Fault(f"{place}{refusal.field}", str(TAKEN))) from refusal
    except actions.InUse as refusal:
        raise Invalid(Fault(f"{place}display_name", _("These use it: %(uses)s.") % {"uses": str(refusal)})) from refusal
    except actions.Unfit as refusal:
        raise Invalid(Fault(f"{place}value", refusal.sentence)) from refusal


def _text(context: Context, wanted: Document, place: str) -> str | None:
    """Return the text that an entry brings along; ``None`` for a secret one without it."""
    if wanted.get("secret_value"):
        return context.given.text(wanted["secret_value"], f"{place}secret_value")
    return None if wanted.get("secret") else str(wanted.get("value", ""))


def _chosen(form: NamedValueForm, row: NamedValue | None, text: str | None) -> actions.Chosen:
    told = form.cleaned_data
    value = None if text is None and row else Secret((text or "").encode())
    return actions.Chosen(display_name=told["display_name"], secret=told["secret"], tags=told["tags"], value=value)


def _is_so(row: NamedValue, chosen: actions.Chosen) -> bool:
    there = (row.display_name, row.secret, tuple(row.tags), Secret(row.text().encode()))
    return there == (chosen.display_name, chosen.secret, tuple(chosen.tags), chosen.value)


def _delete(row: NamedValue, by: User | None, now: datetime) -> None:
    try:
        actions.delete(row, by=by, now=now)
    except actions.InUse as refusal:
        raise Invalid(Fault(f"named_values.{row.name}", _("These use it: %(uses)s.") % {"uses": str(refusal)})) from refusal


NAMED_VALUES = Section(
    name="named_values",
    label=gettext_lazy("Named value"),
    shape=_shape,
    rows=_rows,
    show=_show,
    apply=_apply,
    delete=_delete,
    labels=lambda: labels_of(NamedValueForm) | {"secret_value": gettext_lazy("Value")},
)
