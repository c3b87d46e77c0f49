"""Reading a configuration: what differs is changed by the same actions and checks as on the pages, all of it or nothing.

An entry that a file does not mention stays, and so does a value of an entry that it mentions. Whatever is to be changed first: what stands
in another's way steps aside, then all is brought about, then what is not mentioned goes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from apis.traffic import calls_of_the_last_hour
from portal.activity import last_line
from rest.configuration.context import Context
from rest.configuration.differences import Change, Kind, differences
from rest.configuration.document import VERSION, Document
from rest.configuration.exporting import configuration
from rest.configuration.reading import entries_of, merged
from rest.configuration.secrets.marks import Marking, without_marks
from rest.configuration.secrets.sealed import BadKey, Keys, NotOpened, opened
from rest.configuration.sections.registry import sections, settings
from rest.configuration.sections.section import Section, Target
from rest.configuration.sections.trust import explicit
from rest.configuration.shape.checking import faults_of
from rest.configuration.whole import shape
from rest.envelope import Fault, Invalid

_SHOWN_ALSO = {"key_pair"}  # of which the thumbprint tells


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import has changed.

    :ivar changes: empty if the file says what is
    :ivar notes: what the reader should know of although nothing is changed
    :ivar apis: all APIs before and after, by which it is told whose calls a change touches
    :ivar calls: how many calls each API had in the last hour, by its name
    :ivar at: when; the lines of the activity log that it has written have this moment
    :ivar after: the number of the line before them
    """

    changes: list[Change]
    notes: list[str]
    apis: list[Document]
    calls: dict[str, int]
    at: datetime
    after: int


def bring_about(document: Any, context: Context, keys: Keys) -> Imported:
    """Bring the configuration to what *document* says. The caller's transaction makes it all or nothing.

    :param keys: what opens the secrets that are encrypted in it
    :raises Invalid: naming everything that has not its shape, or what is wrong with the first entry that cannot be
    """
    check(document)
    context = replace(context, given=replace(context.given, sealed=_opened(document, keys)))
    line, calls, marked = last_line(), calls_of_the_last_hour(), configuration(Marking())
    target = _target(document, without_marks(marked), delete=context.delete)
    for section in sections():
        if section.make_way:
            section.make_way(context, target)
    for section in sections():
        _bring(context, section, document, target)
    _complete(context, document, target)
    _delete(context, [section for section in reversed(sections()) if not section.goes_first], target)
    after = configuration(Marking())
    return Imported(
        changes=changes_of(_spelled(marked, document), _spelled(after, document)),
        notes=context.notes,
        apis=[*marked["apis"], *after["apis"]],
        calls=calls,
        at=context.now,
        after=line,
    )


def check(document: Any) -> None:
    """Go on only if a document has the shape of a configuration, and each entry stands in it once.

    :raises Invalid: with everything that is wrong
    """
    version = [] if isinstance(document, dict) and document.get("version") == VERSION else [_other_version()]
    faults = [fault for fault in faults_of(document, shape()) if fault.target != "version"] if isinstance(document, dict) else []
    doubles = list(doubles_of(document)) if isinstance(document, dict) else []
    if found := [*version, *faults, *doubles]:
        raise Invalid(*found)


def doubles_of(document: Document) -> Iterator[Fault]:
    """Yield a fault for each entry that stands in a list a second time."""
    for section in sections():
        entries = _entries(document.get(section.name))
        yield from _doubled(entries, section.name, section)
        for entry in entries:
            yield from _doubled(_entries(entry.get("operations")), f"{section.name}.{entry['name']}.operations", None)


def changes_of(before: Document, after: Document) -> list[Change]:
    """Return how two configurations differ."""
    kinds = [Kind(section.name, section.blank()) for section in sections()]
    return list(differences(_told(before), _told(after), kinds, [setting.name for setting in settings()]))


def _other_version() -> Fault:
    return Fault("version", _("This is not a configuration of version %(version)d.") % {"version": VERSION})


def _entries(value: Any) -> list[Document]:
    return [one for one in value if isinstance(one, dict) and isinstance(one.get("name"), str)] if isinstance(value, list) else []


def _doubled(entries: list[Document], place: str, section: Section | None) -> Iterator[Fault]:
    seen: set[str] = set()
    for entry in entries:
        key = section.key(entry) if section else entry["name"]
        if key in seen:
            yield Fault(f"{place}.{entry['name']}", _("There are two entries of this name. Keep one of them."))
        seen.add(key)


def _opened(document: Document, keys: Keys) -> dict[str, Any]:
    if not document.get("secrets"):
        return {}
    try:
        return opened(document["secrets"], keys)
    except (BadKey, NotOpened) as refusal:
        raise Invalid(Fault("secrets", str(refusal))) from refusal


def _target(document: Document, before: Document, *, delete: bool) -> Target:
    there = {section.name: {section.key(entry): entry for entry in before[section.name]} for section in sections()}
    target = Target(wanted={}, before=there, goes={})
    for section in sections():
        known = there[section.name]
        mentioned = {section.key(entry): explicit(entry) for _place, entry in entries_of(document.get(section.name), section.name)}
        wanted = {key: merged(known.get(key), entry) for key, entry in mentioned.items()}
        target.wanted[section.name] = {key: entry for key, entry in wanted.items() if entry != known.get(key)}
        target.goes[section.name] = known.keys() - mentioned.keys() if delete and section.name in document else set()
    if target.wanted["backends"] or target.goes["backends"]:  # they change APIs, so those that are as they should be may not stay so
        entries = [explicit(entry) for _place, entry in entries_of(document.get("apis"), "apis")]
        target.wanted["apis"] = {entry["name"]: merged(there["apis"].get(entry["name"]), entry) for entry in entries}
    return target


def _bring(context: Context, section: Section, document: Document, target: Target) -> None:
    if section.goes_first:
        _delete(context, [section], target)
    for place, entry in sorted(entries_of(document.get(section.name), section.name), key=lambda one: section.order(one[1])):
        key = section.key(entry)
        if key in target.wanted[section.name]:
            section.apply(context, target.wanted[section.name][key], target.before[section.name].get(key), place)


def _complete(context: Context, document: Document, target: Target) -> None:
    for section in sections():
        for place, entry in entries_of(document.get(section.name), section.name):
            if section.complete and section.key(entry) in target.wanted[section.name]:
                section.complete(context, target.wanted[section.name][section.key(entry)], place)
    for setting in settings():
        wanted, before = document.get(setting.name), setting.show()
        if wanted is not None and {**before, **wanted} != before:
            setting.apply(context, {**before, **wanted}, f"{setting.name}.")


def _delete(context: Context, kinds: list[Section], target: Target) -> None:
    for section in kinds:
        if goes := target.goes[section.name]:
            for row in reversed(list(section.rows())):  # what is made of others stands behind them
                if section.key({"name": row.name}) in goes:
                    section.delete(row, context.by, context.now)


def _spelled(found: Document, document: Document) -> Document:
    """Return a configuration with names as *document* spells them."""
    result = dict(found)
    for section in sections():
        names = {section.key(entry): entry["name"] for _place, entry in entries_of(document.get(section.name), section.name)}
        result[section.name] = [{**entry, "name": names.get(section.key(entry), entry["name"])} for entry in found[section.name]]
    return result


def _told(found: Document) -> Document:
    """Return a configuration without what tells the same a second time."""
    without = {
        section.name: [{key: value for key, value in entry.items() if key not in _SHOWN_ALSO} for entry in found[section.name]]
        for section in sections()
    }
    return {**found, **without}
