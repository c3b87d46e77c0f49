"""The text of a document as plain values: JSON, or YAML as its core schema reads it. [pure]

YAML is read from the parser's events, so that nothing recurses: ``no`` and dates stay texts (YAML 1.2, section 10.3), keys are the
text that stands there, aliases count as often as they are used, and a tag that would do more than name a type is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import yaml

from apis.definitions.model import DEEPEST, MOST_VALUES, Aside, Problem, Unreadable, Why

_NULL = re.compile(r"(?:~|null|Null|NULL)?\Z")
_TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]{1,300}\Z")
_BASED = re.compile(r"0(?:o[0-7]{1,300}|x[0-9a-fA-F]{1,300})\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_TYPES = frozenset(("str", "int", "float", "bool", "null", "map", "seq", "timestamp", "binary", "merge"))
_ODD = re.compile(r"\\u(?:0000|[dD][89a-fA-F])|\x00")
_STANDARD = "tag:yaml.org,2002:"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load(text: str, *, most: int = MOST_VALUES) -> tuple[Any, list[Aside]]:
    """Return the values of *text*, and what was passed over.

    :param most: how many values it may hold
    :raises Unreadable: if it is neither JSON nor YAML, or too much of it
    """
    if not text.lstrip().startswith(("{", "[")):
        return _from_yaml(text, most)
    try:
        return _from_json(text, most)
    except (ValueError, RecursionError) as error:
        return _from_yaml_or(text, error, most)


def _from_yaml_or(text: str, error: ValueError | RecursionError, most: int) -> tuple[Any, list[Aside]]:
    """Read what looks like JSON and is none: YAML may look so too. If it is none either, the faults of the JSON are told."""
    if not isinstance(error, json.JSONDecodeError):
        raise Unreadable(Problem.TOO_DEEP) from None
    try:
        return _from_yaml(text, most)
    except Unreadable as refusal:
        if refusal.problem != Problem.NOT_YAML:
            raise
        raise Unreadable(Problem.NOT_JSON, reason=error.msg, line=str(error.lineno), column=str(error.colno)) from None


def _from_json(text: str, most: int) -> tuple[Any, list[Aside]]:
    asides: list[Aside] = []

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(found)
        if len(made) < len(found):
            names = [name for name, _value in found]
            asides.extend(Aside(Why.DUPLICATE_KEY, detail=name) for name in made if names.count(name) > 1)
        return made

    value = json.loads(text, object_pairs_hook=pairs, strict=False)
    _measure(value, most)
    return (_storable(value) if _ODD.search(text) else value), asides


def _storable(value: Any) -> Any:
    """Return *value* without what no database takes: zeros, and halves of characters. It is no deeper than allowed."""
    if isinstance(value, str):
        return value.replace("\0", "").encode(errors="replace").decode()
    if isinstance(value, dict):
        return {_storable(name): _storable(one) for name, one in value.items()}
    return [_storable(one) for one in value] if isinstance(value, list) else value


def _measure(value: Any, most: int) -> None:
    waiting, count = [(value, 1)], 0
    while waiting:
        one, depth = waiting.pop()
        count += 1
        if depth > DEEPEST:
            raise Unreadable(Problem.TOO_DEEP)
        if count > most:
            raise Unreadable(Problem.TOO_MANY)
        inner: Iterable[Any] = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
        waiting.extend((each, depth + 1) for each in inner)


def _from_yaml(text: str, most: int) -> tuple[Any, list[Aside]]:
    builder = _Builder(most)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if not builder.take(event):
                break
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (str(mark.line + 1), str(mark.column + 1)) if mark else ("?", "?")
        raise Unreadable(Problem.NOT_YAML, reason=error.problem or "", line=line, column=column) from error
    except yaml.YAMLError as error:  # a character that YAML does not have
        raise Unreadable(Problem.NOT_YAML, reason=str(error).partition("\n")[0], line="?", column="?") from error
    return builder.value, builder.asides


@dataclass(slots=True)
class _Frame:
    """A mapping or sequence that has not ended."""

    value: Any
    anchor: str | None
    size: int = 1
    height: int = 1
    key: str | None = None
    merged: list[Any] = field(default_factory=list)


class _Builder:
    """Makes values of events."""

    def __init__(self, most: int) -> None:
        """Begin with nothing; *most* values may come."""
        self._most = most
        self.value: Any = None
        self.asides: list[Aside] = []
        self._stack: list[_Frame] = []
        self._anchors: dict[str, tuple[Any, int, int]] = {}
        self._open: set[str] = set()
        self._documents = 0

    def take(self, event: yaml.Event) -> bool:
        """Take the next event; return whether there is anything to come."""
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    self.asides.append(Aside(Why.MORE_DOCUMENTS))
                    return False
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._begin(event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._end()
            case yaml.AliasEvent():
                self._repeat(event)
            case yaml.ScalarEvent():
                self._scalar(event)
        return True

    def _begin(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        _check_tag(event.tag)
        if self._wants_key():
            raise Unreadable(Problem.COMPLEX_KEY, line=_line(event))
        if len(self._stack) >= DEEPEST:
            raise Unreadable(Problem.TOO_DEEP)
        self._stack.append(_Frame({} if isinstance(event, yaml.MappingStartEvent) else [], event.anchor))
        if event.anchor:
            self._open.add(event.anchor)

    def _end(self) -> None:
        frame = self._stack.pop()
        for merged in frame.merged:
            frame.value = {**merged, **frame.value}
        if frame.anchor:
            self._open.discard(frame.anchor)
        self._add(frame.value, frame.size, frame.height, frame.anchor)

    def _repeat(self, event: yaml.AliasEvent) -> None:
        if event.anchor in self._open:
            raise Unreadable(Problem.CONTAINS_ITSELF, line=_line(event))
        if (known := self._anchors.get(str(event.anchor))) is None:
            raise Unreadable(Problem.NOT_YAML, reason=f"found undefined alias {event.anchor}", line=_line(event), column="?")
        value, size, height = known
        if self._wants_key():
            self._key(str(value), event)
        else:
            self._add(value, size, height, None)

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        _check_tag(event.tag)
        if self._wants_key():
            self._key(_storable(event.value), event)
            if event.anchor:
                self._anchors[event.anchor] = (event.value, 1, 1)
        else:
            self._add(_resolved(event), 1, 1, event.anchor)

    def _wants_key(self) -> bool:
        return bool(self._stack) and isinstance(self._stack[-1].value, dict) and self._stack[-1].key is None

    def _key(self, text: str, event: yaml.Event) -> None:
        frame = self._stack[-1]
        if text in frame.value:
            self.asides.append(Aside(Why.DUPLICATE_KEY, place=_line(event), detail=text))
        frame.key = text

    def _add(self, value: Any, size: int, height: int, anchor: str | None) -> None:
        if anchor:
            self._anchors[anchor] = (value, size, height)
        if not self._stack:
            self.value = value
            return
        frame = self._stack[-1]
        frame.size += size
        frame.height = max(frame.height, height + 1)
        if frame.size > self._most:
            raise Unreadable(Problem.TOO_MANY)
        if len(self._stack) + height > DEEPEST:
            raise Unreadable(Problem.TOO_DEEP)
        _put(frame, value)


def _put(frame: _Frame, value: Any) -> None:
    if isinstance(frame.value, list):
        frame.value.append(value)
        return
    if frame.key == "<<" and isinstance(value, dict | list):  # https://yaml.org/type/merge.html
        frame.merged.extend(one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict))
    else:
        frame.value[frame.key] = value
    frame.key = None


def _check_tag(tag: str | None) -> None:
    if tag not in {None, "!"} and (tag or "").removeprefix(_STANDARD) not in _TYPES:
        raise Unreadable(Problem.TAG, tag=str(tag))


def _resolved(event: yaml.ScalarEvent) -> Any:
    """Return what an untagged plain scalar means in the core schema; any other is a text."""
    text: str = _storable(event.value)
    if not event.implicit[0]:
        return text
    if text in _TRUTH:
        return _TRUTH[text]
    if _NULL.match(text):
        return None
    if _INTEGER.match(text):
        return int(text)
    if _BASED.match(text):
        return int(text.replace("o", ""), 8 if text[1] == "o" else 16)
    return float(text) if _FLOAT.match(text) else text


def _line(event: yaml.Event) -> str:
    return str(event.start_mark.line + 1) if event.start_mark else "?"
