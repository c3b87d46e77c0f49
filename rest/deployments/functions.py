"""The functions that templates of our kinds use. Those that would ask the cloud for something (reference, listKeys) are not among them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from rest.bodies import json_of
from rest.deployments.expressions import BadTemplate, Function

_ITEM = re.compile(r"\{(\d+)(?::[^{}]*)?\}")
_MOST_VALUES = 100_000
_MOST_BYTES = 8 * 1024 * 1024  # that a function makes


def _concat(*values: Any) -> Any:
    if all(isinstance(one, list) for one in values):
        return bounded_value([one for each in values for one in each])
    return _bounded("".join(map(_string, values)))


def _format(text: str, *values: Any) -> str:
    return _bounded(_ITEM.sub(lambda found: _string(values[int(found[1])]), text))


def _string(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def bounded_value(value: Any) -> Any:
    """Return *value*, unless it holds more than any entity: lists that hold lists twice, and so on, would fill the memory once written.

    :raises ValueError: if it does
    """
    waiting, count = [value], 0
    while waiting:
        one = waiting.pop()
        count += 1
        if count > _MOST_VALUES:
            raise ValueError("too much")
        waiting.extend(one.values() if isinstance(one, dict) else one if isinstance(one, list) else ())
    return value


def _bounded(text: str) -> str:
    if len(text) > _MOST_BYTES:
        raise ValueError("too long")
    return text


def _union(*values: Any) -> Any:
    if isinstance(values[0], dict):
        return bounded_value({name: one for each in values for name, one in each.items()})
    return list(dict.fromkeys(one for each in values for one in each))


def _coalesce(*values: Any) -> Any:
    return next((one for one in values if one is not None), None)


def _equals(one: Any, other: Any) -> bool:
    return bool(one.lower() == other.lower() if isinstance(one, str) and isinstance(other, str) else one == other)


def _split(text: str, by: str | list[str]) -> list[str]:
    return re.split("|".join(map(re.escape, [by] if isinstance(by, str) else by)), text)


def _contains(where: Any, what: Any) -> bool:
    return bool(str(what) in where if isinstance(where, str | dict) else what in where)


def _object(*pairs: Any) -> dict[str, Any]:
    found: dict[str, Any] = bounded_value(dict(zip(pairs[::2], pairs[1::2], strict=True)))
    return found


PURE: dict[str, Function] = {
    "concat": _concat,
    "format": _format,
    "string": _string,
    "int": int,
    "bool": lambda value: str(value).lower() in {"true", "1"},
    "tolower": str.lower,
    "toupper": str.upper,
    "trim": str.strip,
    "replace": lambda text, old, new: _bounded(text.replace(old, new)),
    "split": _split,
    "join": lambda values, by: _bounded(by.join(map(_string, values))),
    "substring": lambda text, start, length=None: text[start:] if length is None else text[start : start + length],
    "startswith": lambda text, start: text.lower().startswith(start.lower()),
    "endswith": lambda text, end: text.lower().endswith(end.lower()),
    "contains": _contains,
    "length": len,
    "empty": lambda value: not value,
    "first": lambda values: values[0],
    "last": lambda values: values[-1],
    "union": _union,
    "coalesce": _coalesce,
    "if": lambda condition, yes, no: yes if condition else no,
    "equals": _equals,
    "not": lambda value: not value,
    "and": lambda *values: all(values),
    "or": lambda *values: any(values),
    "add": lambda one, other: one + other,
    "sub": lambda one, other: one - other,
    "true": lambda: True,
    "false": lambda: False,
    "null": lambda: None,
    "json": json_of,
    "createobject": _object,
    "createarray": lambda *values: bounded_value(list(values)),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64tostring": lambda text: base64.b64decode(text).decode(),
}


def named(values: Mapping[str, Any], missing: Callable[[str], str]) -> Function:
    """Return the function that gives one of *values* by its name, in whatever case.

    :param missing: the sentence about one that is not there
    """
    folded = {name.lower(): value for name, value in values.items()}

    def give(name: str) -> Any:
        if name.lower() not in folded:
            raise BadTemplate(missing(name))
        return folded[name.lower()]

    return give


def resource_id(prefix: str) -> Function:
    """Return ``resourceId``: the id of a resource by its type and names; what else may stand before the type is this group anyhow.

    :param prefix: subscription and resource group
    """

    def give(*words: str) -> str:
        start = next(index for index, word in enumerate(words) if "/" in word)
        provider, *kinds = words[start].split("/")
        pairs = zip(kinds, words[start + 1 :], strict=True)
        return f"{prefix}/providers/{provider}/" + "/".join(f"{kind}/{name}" for kind, name in pairs)

    return give
