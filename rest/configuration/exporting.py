"""The configuration as plain values, in a lasting order: equal configurations give equal files."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from portal.activity import record
from portal.models import Event
from rest.configuration.document import VERSION, Document
from rest.configuration.secrets.keeping import Encrypted, Keeper, Nowhere
from rest.configuration.sections.registry import sections, settings

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def configuration(keeper: Keeper | None = None) -> Document:
    """Return everything. The number of queries does not grow with the configuration.

    :param keeper: takes the secrets; without one they are left out
    """
    keeper = keeper or Nowhere()
    found: Document = {"version": VERSION}
    for section in sections():
        found[section.name] = [section.show(row, keeper) for row in section.rows()]
    found |= {setting.name: setting.show() for setting in settings()}
    if isinstance(keeper, Encrypted) and (text := keeper.text()):
        found["secrets"] = text
    return found


class _Whole:
    """The configuration as the subject of a line."""

    pk, name = "", ""


def note_export(*, by: User | None, now: datetime, secrets: str) -> None:
    """Write the line of an export.

    :param secrets: where secrets went; empty: they were left out
    """
    record(Event.CONFIGURATION_EXPORTED, _Whole(), by=by, at=now, secrets=secrets or None)
