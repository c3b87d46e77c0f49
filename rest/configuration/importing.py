"""Reading a configuration: what differs is changed by the same actions and checks as on the pages, all of it or nothing.

An entry that a file does not mention stays, and so does a value of an entry that it mentions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Model
from django.utils.translation import gettext as _

from apis.backends.models import BackEnd
from apis.models import Api, Subscription
from certificates.authorities.models import Authority
from certificates.models import ClientCertificate, ServerCertificate, folded
from rest.configuration import apis, authorities, back_ends, others
from rest.configuration.document import Document
from rest.configuration.exporting import VERSION, configuration
from rest.configuration.reading import Context, entries_of, merged
from rest.configuration.trust import explicit
from rest.envelope import Fault, Invalid

_SECTIONS = (
    "certificates",
    "server_certificates",
    "authorities",
    "apis",
    "backends",
    "subscriptions",
)  # each may name what stands before it


@dataclass
class Importer:
    """One import: what it changes, said line by line.

    :ivar folder: where the files that the document names are looked for
    :ivar delete_unmentioned: delete what the document does not mention
    :ivar changes: what was changed; empty if the document says what is
    :ivar notes: what the reader should know although nothing is changed
    """

    folder: Path
    by: User | None
    now: datetime
    delete_unmentioned: bool = False
    changes: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def run(self, document: Any) -> None:
        """Bring the configuration to what *document* says. The caller's transaction makes it all or nothing.

        :raises Invalid: naming everything that is wrong with the first entry that cannot be
        """
        sections = _sections_of(document)
        before = configuration()
        context = Context(
            folder=self.folder, by=self.by, now=self.now, changes=self.changes, notes=self.notes, delete=self.delete_unmentioned
        )
        appliers: dict[str, Callable[[Context, Document, Document | None, str], None]] = {
            "certificates": others.apply_certificate,
            "server_certificates": others.apply_server_certificate,
            "authorities": authorities.apply,
            "apis": apis.apply,
            "backends": back_ends.apply,
            "subscriptions": others.apply_subscription,
        }
        for section in _SECTIONS:
            known = {_key(section, entry): entry for entry in before[section]}
            entries = entries_of(sections.get(section), section)
            for place, entry in sorted(entries, key=lambda one: "members" in one[1]):  # pools behind their members
                now_there = known.get(_key(section, entry))
                given = explicit(entry) if section == "apis" else entry
                appliers[section](context, merged(now_there, given, place), now_there, place)
        for place, entry in entries_of(sections.get("apis"), "apis"):
            back_ends.lead(context, entry, place)
        if self.delete_unmentioned:
            self._delete(sections)

    def _delete(self, sections: Document) -> None:
        kinds: tuple[tuple[str, type[Model]], ...] = (
            ("subscriptions", Subscription),
            ("apis", Api),
            ("backends", BackEnd),
            ("authorities", Authority),
            ("certificates", ClientCertificate),
            ("server_certificates", ServerCertificate),
        )
        for section, model in kinds:
            if section not in sections:
                continue
            mentioned = {_key(section, entry) for _place, entry in entries_of(sections.get(section), section)}
            unmentioned = [row for row in model._default_manager.order_by("name") if _key(section, {"name": _name(row)}) not in mentioned]
            for row in unmentioned:
                others.delete(row, by=self.by, now=self.now)
                self.changes.append(f"- {section}/{_name(row)}")


def _key(section: str, entry: Document) -> str:
    """Return what tells the entries of a section apart: certificates' and authorities' names are compared without regard to case."""
    name = str(entry["name"])
    return folded(name) if section in {"certificates", "server_certificates", "authorities"} else name


def _name(row: Model) -> str:
    name: str = row.name  # type: ignore[attr-defined]  # all of them have names
    return name


def _sections_of(document: Any) -> Document:
    if not isinstance(document, dict) or document.get("version") != VERSION:
        raise Invalid(Fault("version", _("This is not a configuration of version %(version)d.") % {"version": VERSION}))
    if unknown := sorted(set(map(str, document)) - {"version", *_SECTIONS}):
        raise Invalid(*(Fault(name, _("This is not known.")) for name in unknown))
    return document
