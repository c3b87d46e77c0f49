"""The kinds of things the activity log tells of. The apps that own them register where they are shown."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.apps import apps as installed
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Field
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.models import Activity

# What the log calls its kinds, with their icons, in the order of the menu.
KINDS: dict[str, tuple[str | Promise, str]] = {
    "api": (_("APIs"), "cube"),
    "subscription": (_("Subscriptions"), "ticket"),
    "certificate": (_("Client certificates"), "shield-check"),
    "server-certificate": (_("Server certificates"), "lock-closed"),
    "authority": (_("Trusted authorities"), "building-library"),
    "signing-request": (_("Signing requests"), "pencil-square"),
    "backend": (_("Back ends"), "globe-alt"),
    "policy": (_("Policy of all APIs"), "document-text"),
    "named-value": (_("Named values"), "variable"),
    "gateway": (_("Gateways"), "server-stack"),
    "token": (_("Access tokens"), "key"),
    "people": (_("People"), "users"),
    "sign-in": (_("Sign-in"), "lock-open"),
    "access": (_("Refusals"), "no-symbol"),
    "export": (_("Exports"), "arrow-down-tray"),
    "log": (_("Activity log"), "clock"),
    "encryption": (_("Encryption"), "lock-closed"),
    "database": (_("Database"), "circle-stack"),
    "notice": (_("Notices"), "bell"),
    "telling": (_("Who is told"), "bell"),
}


@dataclass(frozen=True, slots=True)
class _Shown:
    model: str
    url_name: str
    field: str


_shown: dict[str, list[_Shown]] = {}
_described: dict[str, tuple[str, ...]] = {}
_labels: dict[str, Callable[[], Mapping[str, Any]]] = {}


def register(kind: str, *, model: str, url_name: str, field: str = "name") -> None:
    """Say that subjects of *kind* are rows of *model* (``app.Model``) with pages at *url_name*, by the ``name`` in their *field*.

    A kind may be about several models; no two of them have a row of the same id.
    """
    _shown.setdefault(kind, []).append(_Shown(model, url_name, field))


def describe(events: str, *models: str, labels: Callable[[], Mapping[str, Any]] = dict) -> None:
    """Say that what changes by *events* are fields of *models* (``app.Model``), which give them their names.

    :param events: what they begin with: a kind (``api``), or more (``api.operation``), which goes before
    :param labels: gives what the forms call the fields, where that is something else
    """
    _described[events] = models
    _labels[events] = labels


def label_of(event: str, name: str) -> str:
    """Return what a form calls the field that lines of *event* call *name*; empty if none does."""
    return str(_labels[_description(event)]().get(name, "")) if _description(event) else ""


def field_of(event: str, name: str) -> Field[Any, Any] | None:
    """Return the field that lines of *event* call *name*; ``None`` if no model has it."""
    for model in _described.get(_description(event), ()):
        with contextlib.suppress(FieldDoesNotExist):
            field = installed.get_model(model)._meta.get_field(name)
            if isinstance(field, Field):
                return field
    return None


def addresses(lines: Iterable[Activity]) -> dict[tuple[str, str], str]:
    """Return where the subjects of *lines* are shown, by kind and id; those that are gone are missing. One query per kind and model."""
    wanted: dict[str, set[str]] = {}
    for line in lines:
        if line.kind in _shown:
            wanted.setdefault(line.kind, set()).add(line.subject_id)
    found: dict[tuple[str, str], str] = {}
    for kind, ids in wanted.items():
        for shown in _shown[kind]:
            model = installed.get_model(shown.model)
            numbers = [number for number in ids if _is_id(model._meta.pk, number)]
            names = model._default_manager.filter(pk__in=numbers).values_list("pk", shown.field)
            found |= {(kind, str(number)): reverse(shown.url_name, kwargs={"name": name}) for number, name in names}
    return found


def _is_id(pk: Field[Any, Any], text: str) -> bool:
    """Tell whether *text* can be an id; in a line that was tampered with it may not."""
    try:
        pk.run_validators(pk.to_python(text))
    except ValidationError:
        return False
    return True


def _description(event: str) -> str:
    """Return the longest beginning of *event* that is described; empty: none is."""
    return max((begin for begin in _described if event.startswith(begin)), key=len, default="")
