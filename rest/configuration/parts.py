"""What certificate entries have besides their certificate: rules of switches, a source, and what apps above this one add (contacts)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from certificates.models import Certificate
from certificates.rollout import actions as rollout
from certificates.rollout.models import Rules
from certificates.rollout.rules_form import RulesForm, valid_path
from certificates.sources import actions as sources
from certificates.sources.models import SourceKind
from certificates.sources.trouble import Trouble
from certificates.sources.watched import WatchedPlace
from rest.bodies import Properties
from rest.configuration.reading import Context, refuse_unknown
from rest.envelope import Fault, Invalid

_RULES = (
    *("sources", "window_days", "window_from", "window_to", "window_zone", "another_person", "destroy_after_days"),
    *("canary", "canary_minutes", "probation_minutes"),
)
_PLACE = ("path", "password_file", "key_file", "chain_file")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One of them.

    :ivar related: what it takes to show it of many entries, for ``prefetch_related``
    :ivar show: returns it as a file has it; ``None``: the entry has none
    :ivar apply: brings it to what a file says, given the place for faults
    """

    related: tuple[str, ...]
    show: Callable[[Any], Any]
    apply: Callable[[Context, Certificate, Any, str], None]


def register(name: str, part: Part) -> None:
    """Let entries have a *part* called *name* in files, too. Called once for each, by the app that knows."""
    PARTS[name] = part


def shown(row: Certificate) -> dict[str, Any]:
    """Return what an entry has, by name."""
    found = {name: part.show(row) for name, part in PARTS.items()}
    return {name: value for name, value in found.items() if value is not None}


def related() -> list[str]:
    """Return what to prefetch for :func:`shown`."""
    return [one for part in PARTS.values() for one in part.related]


def apply(context: Context, row: Certificate, wanted: dict[str, Any], place: str) -> None:
    """Bring what a file mentions to what it says; what is so already is left alone."""
    now_there = shown(row)
    for name, part in PARTS.items():
        if name in wanted and wanted[name] != now_there.get(name):
            part.apply(context, row, wanted[name], f"{place}{name}")


def changed(context: Context, row: Certificate, what: str) -> None:
    """Note that something of an entry was changed."""
    section = "certificates" if row.kind == "client" else "server_certificates"
    context.changes.append(f"~ {section}/{row.name}/{what}")


def _rules(row: Any) -> dict[str, Any] | None:
    rules: Rules | None = getattr(row, "rules", None)
    if rules is None:
        return None
    times = {name: f"{at:%H:%M}" if (at := getattr(rules, name)) else "" for name in ("window_from", "window_to")}
    return {**{name: getattr(rules, name) for name in _RULES}, **times, "paths": rules.paths}


def _set_rules(context: Context, row: Certificate, wanted: Any, place: str) -> None:
    sent = _object(wanted, (*_RULES, "paths"), place)
    paths = sent.nested("paths").values
    if any(not isinstance(path, str) or not valid_path.regex.match(path) for path in paths.values()):  # type: ignore[union-attr]  # compiled
        sent.refuse("paths", str(valid_path.message))
    usual = _rules_of_nobody()
    form = RulesForm({**usual, **{name: value for name, value in sent.values.items() if name in _RULES}}, certificate=row)
    sent.check_by(form, {})
    changed(context, row, "rules")
    rollout.set_rules(row, form.chosen() | {"paths": dict(paths)}, **context.stamp)


def _rules_of_nobody() -> dict[str, Any]:
    return {name: getattr(Rules(), name) for name in _RULES}


def _source(row: Any) -> dict[str, Any] | None:
    source = getattr(row, "source", None)
    return None if source is None else {"kind": source.kind, **source.settings}


def _set_source(context: Context, row: Certificate, wanted: Any, place: str) -> None:
    known = (
        _PLACE
        if isinstance(wanted, dict) and wanted.get("kind") == SourceKind.WATCHED
        else tuple(wanted)
        if isinstance(wanted, dict)
        else ()
    )
    sent = _object(wanted, ("kind", *known), place)
    if sent.text("kind", needed=True) != SourceKind.WATCHED:
        context.notes.append(_("%(name)s: its source is set on its page, not from a file.") % {"name": row.name})
        return
    values = {name: sent.text(name, needed=name == "path") for name in _PLACE}
    sent.check()
    try:
        sources.watch(type(row), WatchedPlace.of(values, settings.WATCHED_FOLDERS), name=row.name, **context.stamp)
    except Trouble as trouble:
        raise Invalid(Fault(f"{place}.{trouble.field}", str(trouble))) from trouble
    changed(context, row, "source")


def _object(wanted: Any, known: tuple[str, ...], place: str) -> Properties:
    if not isinstance(wanted, dict):
        raise Invalid(Fault(place, _("This must be an object.")))
    return refuse_unknown(wanted, known, f"{place}.")


PARTS: dict[str, Part] = {
    "rules": Part(related=("rules",), show=_rules, apply=_set_rules),
    "source": Part(related=("source",), show=_source, apply=_set_source),
}
