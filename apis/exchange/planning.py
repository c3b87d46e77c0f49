"""What a definition makes of the operations of an API: which are added, changed, as they were, no longer there; which parts are left out.

An operation of the document is the one that matches the same calls, else the one of its name: so names stay, whatever else changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from apis.definitions.documentation import Documentation, document
from apis.definitions.model import Aside, Definition, Operation, Parameter, Why
from apis.definitions.naming import free, name_for
from apis.definitions.templates import Translated, translate
from apis.naming import RESERVED_NAMES
from apis.url_template import BadTemplate, check_method, check_template, parameters_of, rest_of, shape_of
from portal.characters import deceives
from portal.private_keys import holds_private_key

LONGEST_NAME, LONGEST_DESCRIPTION = 300, 1000
_LONGEST_API_DESCRIPTION = 4000
_LINES = "\n\t"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One operation as it shall be."""

    name: str
    display_name: str
    method: str
    url_template: str
    description: str = ""
    documentation: Documentation = field(default_factory=dict, compare=False)

    @property
    def signature(self) -> str:
        """Which calls it matches."""
        return f"{self.method} {self.url_template}"

    @property
    def key(self) -> tuple[str, str]:
        """Equal for operations that match the same calls."""
        return self.method, shape_of(self.url_template)


@dataclass(frozen=True, slots=True)
class Change:
    """An operation that becomes another."""

    before: Wanted
    after: Wanted

    @property
    def matches_others(self) -> bool:
        """Whether calls that it matches now are no longer matched by it."""
        return self.before.key != self.after.key

    @property
    def fields(self) -> list[tuple[str, str, str]]:
        """What differs: field, old value, new value."""
        names = ("display_name", "method", "url_template", "description")
        pairs = ((name, str(getattr(self.before, name)), str(getattr(self.after, name))) for name in names)
        return [(name, old, new) for name, old, new in pairs if old != new]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What becomes of an API's operations."""

    added: tuple[Wanted, ...] = ()
    changed: tuple[Change, ...] = ()
    same: tuple[Wanted, ...] = ()
    gone: tuple[Wanted, ...] = ()  # there, and not in the document

    @property
    def stops(self) -> list[Wanted]:
        """The operations as they are whose calls would no longer be let through by them."""
        return [*self.gone, *(one.before for one in self.changed if one.matches_others)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """The operations of a document as a gateway can have them, and what is left out or not taken as it stands."""

    operations: tuple[Wanted, ...]
    asides: tuple[Aside, ...]


def operations_of(definition: Definition, *, query_in_template: bool = True) -> Read:
    """Return the operations of *definition*.

    :param query_in_template: whether calls need the required query parameters to be matched, as the published service has it
    """
    asides: list[Aside] = []
    found: dict[tuple[str, str], Wanted] = {}
    names = set(RESERVED_NAMES)
    for operation in definition.operations:
        if (one := _wanted(operation, query_in_template, asides)) is None:
            continue
        if one.key in found:
            asides.append(Aside(Why.SAME_CALLS, operation.place, found[one.key].signature))
            continue
        name = free(one.name, names)
        if name != one.name and operation.operation_id:
            asides.append(Aside(Why.RENAMED, operation.place, f"{one.name} → {name}"))
        found[one.key] = replace(one, name=name)
    return Read(operations=tuple(found.values()), asides=(*asides, *definition.asides))


def plan(existing: Iterable[Wanted], wanted: Iterable[Wanted]) -> Plan:
    """Compare the operations that are there with those of a document."""
    there = {one.key: one for one in existing}
    coming = list(wanted)
    pairs = {index: there.pop(one.key) for index, one in enumerate(coming) if one.key in there}
    by_name = {one.name.lower(): one.key for one in there.values()}
    for index, one in enumerate(coming):
        if index not in pairs and (key := by_name.pop(one.name.lower(), None)):
            pairs[index] = there.pop(key)
    gone = sorted(there.values(), key=lambda one: (one.url_template, one.method))
    taken = {*RESERVED_NAMES, *(one.name.lower() for one in (*pairs.values(), *gone))}
    added = tuple(replace(one, name=free(one.name, taken)) for index, one in enumerate(coming) if index not in pairs)
    both = [Change(before, replace(coming[index], name=before.name)) for index, before in sorted(pairs.items())]
    return Plan(
        added=added,
        changed=tuple(one for one in both if one.before != one.after),
        same=tuple(one.after for one in both if one.before == one.after),
        gone=tuple(gone),
    )


def title_of(definition: Definition) -> str:
    """Return the document's title as a display name; empty if it has none that could be one."""
    title = _line(definition.title)[:LONGEST_NAME].strip()
    return "" if holds_private_key(title) else title


def description_of(definition: Definition) -> str:
    """Return the document's description as an API's."""
    text = _lines(definition.description)[:_LONGEST_API_DESCRIPTION]
    return "" if holds_private_key(text) else text


def _wanted(operation: Operation, query_in_template: bool, asides: list[Aside]) -> Wanted | None:
    """Return one operation as a gateway can have it; ``None``, with why, if it cannot."""
    required = [one for one in operation.parameters if one.where == "query" and one.required] if query_in_template else []
    translated = translate(operation.path, required)
    try:
        method = check_method(operation.method)
    except BadTemplate as refusal:
        asides.append(Aside(Why.BAD_METHOD, operation.place, str(refusal)))
        return None
    try:
        template = check_template(translated.template)
    except BadTemplate as refusal:
        asides.append(Aside(Why.BAD_TEMPLATE, operation.place, str(refusal)))
        return None
    asides.extend(_changes_of(operation, translated))
    return Wanted(
        name=name_for(_line(operation.operation_id), operation.method, operation.path),
        display_name=_display_name(operation, method, template, asides),
        method=method,
        url_template=template,
        description=_description(operation, asides),
        documentation=document(operation, _names_in(template, translated, operation.parameters)),
    )


def _names_in(template: str, translated: Translated, parameters: Iterable[Parameter]) -> dict[str, str]:
    """Return the parameters of the template, by what the document calls them."""
    there = {*parameters_of(template), rest_of(template)}
    names = {one.name: translated.renamed.get(one.name, one.name) for one in parameters}
    return {old: new for old, new in names.items() if new in there}


def _changes_of(operation: Operation, translated: Translated) -> Iterator[Aside]:
    if translated.renamed:
        names = ", ".join(f"{old} → {new}" for old, new in translated.renamed.items())
        yield Aside(Why.RENAMED_PARAMETER, operation.place, names)
    if translated.expanded:
        yield Aside(Why.QUERY_EXPANSION, operation.place)


def _display_name(operation: Operation, method: str, template: str, asides: list[Aside]) -> str:
    said = operation.summary or operation.operation_id
    name = _line(said)
    if holds_private_key(name):
        asides.append(Aside(Why.HOLDS_KEY, operation.place))
        name = ""
    if any(map(deceives, said.strip())):
        asides.append(Aside(Why.CLEANED, operation.place))
    return _shortened(name or f"{method} {template}", LONGEST_NAME, operation.place, asides)


def _description(operation: Operation, asides: list[Aside]) -> str:
    text = _lines(operation.description)
    if holds_private_key(text):
        asides.append(Aside(Why.HOLDS_KEY, operation.place))
        return ""
    return _shortened(text, LONGEST_DESCRIPTION, operation.place, asides)


def _shortened(text: str, longest: int, place: str, asides: list[Aside]) -> str:
    if len(text) <= longest:
        return text
    asides.append(Aside(Why.SHORTENED, place, str(longest)))
    return f"{text[: longest - 1].rstrip()}…"


def _line(text: str) -> str:
    """Return *text* on one line, without what is not seen."""
    return " ".join("".join(one for one in " ".join(text.split()) if not deceives(one)).split())


def _lines(text: str) -> str:
    return "".join(one for one in text.replace("\r\n", "\n") if one in _LINES or not deceives(one)).strip()
