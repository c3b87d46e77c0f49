"""How two configurations differ, entry by entry. [pure]"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Sign = Literal["+", "~", "-"]


@dataclass(frozen=True, slots=True)
class Field:
    """A value that differs."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What becomes of an entry, of a part of it, or of an operation.

    :ivar section: the list that it stands in, or the setting that it is
    :ivar part: of the entry; empty: the entry itself
    :ivar child: the name of an entry within the part
    :ivar fields: what differs; of what is added, what it has
    :ivar within: how many entries go with one that is deleted
    """

    sign: Sign
    section: str
    name: str = ""
    part: str = ""
    child: str = ""
    fields: tuple[Field, ...] = ()
    within: int = 0

    def __str__(self) -> str:
        """Return a line: the sign and the place."""
        return f"{self.sign} {'/'.join(word for word in (self.section, self.name, self.part, self.child) if word)}"


@dataclass(frozen=True, slots=True)
class Kind:
    """What has to be known of a list of entries: its name, and their parts when nothing was said of them."""

    name: str
    blank: Mapping[str, Any]


def differences(before: Mapping[str, Any], after: Mapping[str, Any], kinds: Iterable[Kind], settings: Iterable[str]) -> Iterator[Change]:
    """Yield what becomes of *before* when it is to be *after*; what goes comes last."""
    kinds, going = list(kinds), []
    for kind in kinds:
        was, becomes = _by_name(before[kind.name]), _by_name(after[kind.name])
        for name, entry in becomes.items():
            yield from _changed(kind.name, name, was[name], entry) if name in was else _added(kind, name, entry)
        going += [Change(sign="-", section=kind.name, name=name, within=_within(was[name])) for name in was if name not in becomes]
    for setting in settings:
        if fields := _fields(before[setting], after[setting]):
            yield Change(sign="~", section=setting, fields=fields)
    yield from going


def _by_name(entries: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {entry["name"]: entry for entry in entries}


def _added(kind: Kind, name: str, entry: Mapping[str, Any]) -> Iterator[Change]:
    flat = {key: value for key, value in entry.items() if not _is_part(value)}
    yield Change(sign="+", section=kind.name, name=name, fields=_fields({"name": name}, flat))
    yield from _parts(kind.name, name, kind.blank, {key: value for key, value in entry.items() if key not in flat})


def _changed(section: str, name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    parts = [key for key in {**before, **after} if _is_part(before.get(key)) or _is_part(after.get(key))]
    flat = [{key: value for key, value in entry.items() if key not in parts} for entry in (before, after)]
    if fields := _fields(*flat):
        yield Change(sign="~", section=section, name=name, fields=fields)
    yield from _parts(section, name, {key: before.get(key) for key in parts}, {key: after.get(key) for key in parts})


def _parts(section: str, name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for part, becomes in after.items():
        was = before.get(part)
        if was == becomes:
            continue
        if _is_named(was) or _is_named(becomes):
            yield from _children(section, name, part, _by_name(was or ()), _by_name(becomes or ()))
        elif isinstance(was or {}, dict) and isinstance(becomes or {}, dict):
            if fields := _fields(was or {}, becomes or {}):
                yield Change(sign="~", section=section, name=name, part=part, fields=fields)
        else:
            yield Change(sign="~", section=section, name=name, part=part, fields=(Field(part, was, becomes),))


def _children(section: str, name: str, part: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for child in before.keys() - after.keys():
        yield Change(sign="-", section=section, name=name, part=part, child=child)
    for child, entry in after.items():
        sign: Sign = "~" if child in before else "+"
        if fields := _fields(before.get(child, {"name": child}), entry):
            yield Change(sign=sign, section=section, name=name, part=part, child=child, fields=fields)


def _fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Field, ...]:
    return tuple(Field(key, before.get(key), after.get(key)) for key in {**before, **after} if before.get(key) != after.get(key))


def _within(entry: Mapping[str, Any]) -> int:
    return sum(len(value) for value in entry.values() if _is_named(value))


def _is_part(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and all(isinstance(one, dict) for one in value))


def _is_named(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) and "name" in one for one in value)
