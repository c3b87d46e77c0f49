"""What stands elsewhere: references within a document are followed, others are looked for so that they can be refused. [pure]

Nothing is ever fetched. Source: OpenAPI, Reference Object; JSON Pointer (RFC 6901) in a URI fragment.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from apis.definitions.values import mapping

_MOST_STEPS = 20  # from one reference to the next
_DATA = frozenset({"example", "enum", "const", "value", "default"})  # what stands there is data, whatever it looks like
_NAMES = frozenset({"properties", "patternProperties", "definitions", "schemas", "responses", "parameters", "headers", "$defs"})


class Dangling(Exception):
    """A reference that leads nowhere, or round in a circle.

    :ivar reference: as it stands there
    """

    def __init__(self, reference: str) -> None:
        """Hold it."""
        super().__init__(reference)
        self.reference = reference


def followed(document: Any, value: Any) -> Any:
    """Return *value*, or what it refers to within *document*; what stands beside a reference counts over it.

    :raises Dangling: if that leads nowhere
    """
    beside: dict[str, Any] = {}
    for _step in range(_MOST_STEPS):
        reference = mapping(value).get("$ref")
        if not isinstance(reference, str):
            return {**value, **beside} if beside and isinstance(value, dict) else value
        beside = {**{name: one for name, one in value.items() if name != "$ref"}, **beside}
        value = _at(document, reference)
    raise Dangling(str(reference))


def external(document: Any) -> list[str]:
    """Return the references to other documents, each once."""
    return list(dict.fromkeys(one for one in _references(document) if not one.startswith("#")))


def _at(document: Any, reference: str) -> Any:
    value = document
    for word in unquote(reference.removeprefix("#")).split("/")[1:]:
        name = word.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isdecimal() and len(name) < 7 and int(name) < len(value):  # noqa: PLR2004 - digits
            value = value[int(name)]
        else:
            raise Dangling(reference)
    return value


def _references(document: Any) -> Iterator[str]:
    waiting: list[tuple[bool, Any]] = [(False, document)]  # whether the keys are names that the author chose
    while waiting:
        named, value = waiting.pop()
        if isinstance(value, list):
            waiting.extend((False, one) for one in reversed(value))
        elif isinstance(value, dict) and named:
            waiting.extend((False, one) for one in reversed(value.values()))
        elif isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                yield value["$ref"]
            inner = [name for name in value if name not in _DATA and not name.startswith("x-")]
            waiting.extend((name in _NAMES, value[name]) for name in reversed(inner))
