"""What certificate entries have besides their certificate: rules of switches, a source, and what apps above this one add (contacts)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from certificates.models import Certificate
from certificates.rollout import actions as rollout
from certificates.rollout.models import Rules
from certificates.rollout.rules_form import RulesForm, valid_path
from certificates.sources import actions as sources
from certificates.sources.models import SourceKind
from rest.bodies import Properties
from rest.configuration.context import Context
from rest.configuration.sections.renewing import PLACE, order, shape_of_order, watch
from rest.configuration.sections.renewing import shown as shown_source
from rest.configuration.shape import making

_RULES = (
    *("sources", "window_days", "window_from", "window_to", "window_zone", "another_person", "destroy_after_days"),
    *("canary", "canary_minutes", "probation_minutes"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One of them.

    :ivar related: what it takes to show it of many entries, for ``prefetch_related``
    :ivar shape: what it may look like
    :ivar blank: as a file has it of an entry that has none
    :ivar show: returns it as a file has it
    :ivar apply: brings it to what a file says, given the place for faults
    """

    related: tuple[str, ...]
    shape: Callable[[], making.Shape]
    blank: Callable[[], Any]
    show: Callable[[Any], Any]
    apply: Callable[[Context, Certificate, Any, str], None]


def register(name: str, part: Part) -> None:
    """Let entries have a *part* called *name* in files, too. Called once for each, by the app that knows."""
    PARTS[name] = part


def shown(row: Certificate) -> dict[str, Any]:
    """Return what an entry has, by name."""
    return {name: part.show(row) for name, part in PARTS.items()}


def related() -> list[str]:
    """Return what to prefetch for :func:`shown`."""
    return [one for part in PARTS.values() for one in part.related]


def apply(context: Context, row: Certificate, wanted: dict[str, Any], place: str) -> None:
    """Bring what a file mentions to what it says; what is so already is left alone."""
    now_there = shown(row)
    for name, part in PARTS.items():
        if name in wanted and wanted[name] != now_there.get(name):
            part.apply(context, row, wanted[name], f"{place}{name}")


def _rules(row: Any) -> dict[str, Any]:
    rules: Rules = getattr(row, "rules", None) or Rules()
    times = {name: f"{at:%H:%M}" if (at := getattr(rules, name)) else "" for name in ("window_from", "window_to")}
    return {**{name: getattr(rules, name) for name in _RULES}, **times, "paths": rules.paths}


def _shape_of_rules() -> making.Shape:
    zone = making.text(about="Of the IANA database, such as Europe/Berlin.")
    paths = making.texts_by_name("What is asked for when a version is tried, by the API's name.")
    return making.record({**making.of_form(RulesForm, _RULES), "window_zone": zone, "paths": paths})


def _set_rules(context: Context, row: Certificate, wanted: Any, place: str) -> None:
    sent = Properties(wanted, within=f"{place}.")
    paths = wanted.get("paths", {})
    if not all(valid_path.regex.match(path) for path in paths.values()):  # type: ignore[union-attr]  # compiled
        sent.refuse("paths", str(valid_path.message))
    form = RulesForm({**_rules(None), **{name: value for name, value in wanted.items() if name in _RULES}}, certificate=row)
    sent.check_by(form, {})
    rollout.set_rules(row, form.chosen() | {"paths": dict(paths)}, **context.stamp)


def _source(row: Any) -> dict[str, Any] | None:
    source = getattr(row, "source", None)
    return None if source is None else shown_source(source)


def _set_source(context: Context, row: Certificate, wanted: Any, place: str) -> None:
    if wanted is None:
        sources.unwatch(row, **context.stamp)
    elif not watch(context, type(row), row.name, wanted, place):
        order(context, row, wanted, place)


def _shape_of_source() -> making.Shape:
    fields = {
        "kind": making.text(choices=SourceKind.values),
        **{name: making.text(about="Of a watched place.") for name in PLACE},
        **shape_of_order(),
    }
    return making.record(fields, needed=["kind"], about="What the entry renews itself from; null: nothing.") | {"type": ["object", "null"]}


PARTS: dict[str, Part] = {
    "rules": Part(related=("rules",), shape=_shape_of_rules, blank=lambda: _rules(None), show=_rules, apply=_set_rules),
    "source": Part(related=("source",), shape=_shape_of_source, blank=lambda: None, show=_source, apply=_set_source),
}
