"""Expressions of templates: ``[concat(parameters('service'), '/', variables('name'))]``. Source: the published syntax of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+)|(?P<name>[A-Za-z_][\w-]*(?:\.[A-Za-z_]\w*(?=\())?)|(?P<mark>[()\[\].,]))"
)
_LONGEST = 24_576  # characters, as there
_DEEPEST = 50

Function = Callable[..., Any]


class BadTemplate(ValueError):
    """A template that cannot be deployed, in a sentence."""


def evaluate(value: Any, functions: Mapping[str, Function]) -> Any:
    """Return *value* with the result of each expression in its place.

    :param functions: what may be called, by name in lower case
    :raises BadTemplate: if an expression cannot be understood, or calls what there is not
    """
    if isinstance(value, dict):
        return {str(evaluate(name, functions)): evaluate(one, functions) for name, one in value.items()}
    if isinstance(value, list):
        return [evaluate(one, functions) for one in value]
    if not isinstance(value, str) or not value.startswith("[") or not value.endswith("]"):
        return value
    if value.startswith("[["):
        return value[1:]
    return _Expression(value[1:-1], functions).result()


class _Expression:
    """One expression, read from left to right."""

    def __init__(self, text: str, functions: Mapping[str, Function]) -> None:
        """Read *text*."""
        self._text = text
        self._functions = functions
        self._tokens = self._split()
        self._at = 0
        self._depth = 0

    def result(self) -> Any:
        """Return what it comes to."""
        found = self._value()
        if self._at < len(self._tokens):
            raise self._unreadable()
        return found

    def _split(self) -> list[tuple[str, str]]:
        if len(self._text) > _LONGEST:
            raise self._unreadable()
        tokens, position = [], 0
        while self._text[position:].strip():
            if (match := _TOKEN.match(self._text, position)) is None:
                raise self._unreadable()
            tokens.append((str(match.lastgroup), match[str(match.lastgroup)]))
            position = match.end()
        return tokens

    def _value(self) -> Any:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._unreadable()
        kind, text = self._take()
        if kind == "text":
            found: Any = text[1:-1].replace("''", "'")
        elif kind == "number":
            found = int(text)
        elif kind == "name":
            found = self._call(text)
        else:
            raise self._unreadable()
        found = self._parts(found)
        self._depth -= 1
        return found

    def _call(self, name: str) -> Any:
        self._expect("(")
        given = []
        while self._next() != ")":
            given.append(self._value())
            if self._next() == ",":
                self._take()
        self._expect(")")
        if (function := self._functions.get(name.lower())) is None:
            raise BadTemplate(_("The function %(name)s is not known in templates here.") % {"name": name})
        try:
            return function(*given)
        except (TypeError, ValueError, AttributeError, LookupError) as error:
            if isinstance(error, BadTemplate):
                raise
            raise BadTemplate(_("The function %(name)s cannot be called so: [%(text)s].") % {"name": name, "text": self._shown}) from error

    def _parts(self, found: Any) -> Any:
        """Follow ``.name`` and ``[index]`` behind a value."""
        while self._next() in {".", "["}:
            _kind, mark = self._take()
            key = self._take()[1] if mark == "." else self._value()
            if mark == "[":
                self._expect("]")
            try:
                found = found[key]
            except (LookupError, TypeError) as error:
                raise BadTemplate(_("There is no %(key)s in [%(text)s].") % {"key": key, "text": self._shown}) from error
        return found

    def _next(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) and self._tokens[self._at][0] == "mark" else ""

    def _take(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise self._unreadable()
        self._at += 1
        return self._tokens[self._at - 1]

    def _expect(self, mark: str) -> None:
        if self._take() != ("mark", mark):
            raise self._unreadable()

    @property
    def _shown(self) -> str:
        return self._text[:200]

    def _unreadable(self) -> BadTemplate:
        return BadTemplate(_("The expression [%(text)s] cannot be read.") % {"text": self._shown})
