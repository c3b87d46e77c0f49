"""Changes in sentences, with the calls that they touch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rest.configuration.differences import Change, Field
from rest.configuration.importing import Imported
from rest.configuration.secrets.marks import Mark
from rest.configuration.sections.registry import sections, settings
from rest.configuration.sections.section import Section, Setting

_LONGEST = 80  # of a value that is shown
_SILENT = {"description", "display_name", "documentation", "rules", "source", "contacts"}  # of which calls take no notice


def sentences(change: Change) -> list[str]:
    """Return what becomes of an entry."""
    what = _what(change)
    match change.sign:
        case "+":
            return [_("%(what)s is added.") % {"what": what}]
        case "-":
            return [" ".join([_("%(what)s is deleted.") % {"what": what}, *_goes_too(change)])]
        case _:
            return [_of_field(what, field, _kind(change.section).labels()) for field in change.fields]


def touched(change: Change, imported: Imported) -> dict[str, int]:
    """Return how many calls of the last hour a change touches, by the name of the API."""
    if change.part in _SILENT or (change.sign == "~" and {field.name for field in change.fields} <= _SILENT):
        return {}
    kind = _kind(change.section)
    names = kind.touches(change.name, imported.apis) if isinstance(kind, Section) else []
    return {name: imported.calls[name] for name in dict.fromkeys(names) if name in imported.calls}


def calls_in_words(calls: dict[str, int]) -> str:
    """Return a sentence about touched calls."""
    number = sum(calls.values())
    most = sorted(calls, key=lambda name: (-calls[name], name))
    named = ", ".join(f"{name} ({calls[name]})" for name in most[:5]) + (" …" if len(most) > 5 else "")  # noqa: PLR2004 - enough
    text = ngettext(
        "It touches %(number)d call of the last hour: %(apis)s.", "It touches %(number)d calls of the last hour: %(apis)s.", number
    )
    return text % {"number": number, "apis": named}


def deletions(changes: Iterable[Change]) -> list[Change]:
    """Return what is deleted."""
    return [change for change in changes if change.sign == "-"]


def _what(change: Change) -> str:
    label = str(_kind(change.section).label)
    entry = f"{label} “{change.name}”" if change.name else label
    if change.child:
        return _("%(entry)s, operation “%(name)s”") % {"entry": entry, "name": change.child}
    return entry


def _goes_too(change: Change) -> list[str]:
    """Return what goes with what is deleted."""
    if change.section == "subscriptions":
        return [_("Both its keys open nothing from then on.")]
    if change.section in {"certificates", "server_certificates"}:
        return [_("All its versions and their private keys go with it.")]
    if change.within:
        return [
            ngettext("Its %(number)d operation goes with it.", "Its %(number)d operations go with it.", change.within)
            % {"number": change.within}
        ]
    return []


def _kind(name: str) -> Section | Setting:
    kinds: tuple[Section | Setting, ...] = (*sections(), *settings())
    return next(one for one in kinds if one.name == name)


def _of_field(what: str, field: Field, labels: dict[str, str | Promise]) -> str:
    named = {"what": what, "field": labels.get(field.name) or field.name}
    if isinstance(field.before, Mark) or isinstance(field.after, Mark):
        return _("%(what)s: “%(field)s” becomes another one.") % named
    return _("%(what)s: “%(field)s” becomes %(after)s; it was %(before)s.") % {
        **named,
        "before": _shown(field.before),
        "after": _shown(field.after),
    }


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return _("on") if value else _("off")
    if value in (None, "", [], {}):
        return _("empty")
    if isinstance(value, list):
        return _short(", ".join(_plain(one) for one in value))
    return _short(_plain(value))


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_plain(one)}" for name, one in value.items())
    return str(value)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return f"“{line}”" if len(line) <= _LONGEST else f"“{line[:_LONGEST]}…”"
