"""The kinds of things the activity log tells of. The apps that own them register where they are shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.apps import apps as installed
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
    "backend": (_("Back ends"), "globe-alt"),
    "gateway": (_("Gateways"), "server-stack"),
    "token": (_("Access tokens"), "key"),
    "sign-in": (_("Sign-in"), "lock-open"),
    "encryption": (_("Encryption"), "lock-closed"),
}


@dataclass(frozen=True, slots=True)
class _Shown:
    model: str
    url_name: str


_shown: dict[str, _Shown] = {}


def register(kind: str, *, model: str, url_name: str) -> None:
    """Say that the subjects of *kind* are rows of *model* (``app.Model``, with a ``name``) and have pages at *url_name* (by ``name``)."""
    _shown[kind] = _Shown(model, url_name)


def addresses(lines: Iterable[Activity]) -> dict[tuple[str, str], str]:
    """Return where the subjects of *lines* are shown, by kind and id; those that are gone are missing. One query per kind."""
    wanted: dict[str, set[str]] = {}
    for line in lines:
        if line.kind in _shown:
            wanted.setdefault(line.kind, set()).add(line.subject_id)
    found: dict[tuple[str, str], str] = {}
    for kind, ids in wanted.items():
        names = installed.get_model(_shown[kind].model)._default_manager.filter(pk__in=ids).values_list("pk", "name")
        found |= {(kind, str(pk)): reverse(_shown[kind].url_name, kwargs={"name": name}) for pk, name in names}
    return found
