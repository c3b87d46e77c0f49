"""``$filter``: the published operators and functions on the fields that an entity declares, as a condition of Django's.

``name eq 'a' and (contains(subject,'x') or not startswith(name,'b'))``. Functions ignore case; comparisons do where the field itself does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from django.db.models import Q
from django.utils.translation import gettext as _

from rest.envelope import Fault, Invalid

MAX_LENGTH = 2000
_MAX_DEPTH = 20
_TOKENS = re.compile(r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<word>[A-Za-z_$][\w./-]*)|(?P<moment>\d[\w:.+-]*)|(?P<sign>[(),]))", re.ASCII)
_COMPARISONS = {"eq": "", "ne": "", "gt": "__gt", "ge": "__gte", "lt": "__lt", "le": "__lte"}
_FUNCTIONS = {"contains": "icontains", "substringof": "icontains", "startswith": "istartswith", "endswith": "iendswith"}


class _Bad(ValueError):
    """The text is no filter; the message says why."""


class Field(Protocol):
    """What can be asked of one field."""

    def compare(self, operator: str, value: str) -> Q:
        """Return the condition of a comparison (``eq`` … ``le``)."""

    def search(self, function: str, value: str) -> Q:
        """Return the condition of a function (``contains`` …)."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text in the column that *lookup* leads to."""

    lookup: str
    normal: Callable[[str], str] = str

    def compare(self, operator: str, value: str) -> Q:
        """Compare, with regard to case unless ``normal`` takes it away."""
        condition = Q(**{f"{self.lookup}{_COMPARISONS[operator]}": self.normal(value)})
        return ~condition if operator == "ne" else condition

    def search(self, function: str, value: str) -> Q:
        """Search, regardless of case."""
        return Q(**{f"{self.lookup}__{_FUNCTIONS[function]}": self.normal(value)})


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment in the column that *lookup* leads to."""

    lookup: str

    def compare(self, operator: str, value: str) -> Q:
        """Compare with a date or a moment, UTC unless it says otherwise."""
        try:
            moment = datetime.fromisoformat(value)
            aware = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, OverflowError) as error:  # OverflowError: before the first year or after the last, in UTC
            raise _Bad(_("“%(value)s” is not a moment such as 2026-11-23T12:00:00Z.") % {"value": value}) from error
        condition = Q(**{f"{self.lookup}{_COMPARISONS[operator]}": aware})
        return ~condition if operator == "ne" else condition

    def search(self, function: str, value: str) -> Q:  # noqa: ARG002 - whatever it is
        """Refuse: a moment is not searched."""
        raise _Bad(_("%(function)s does not go with a moment.") % {"function": function})


@dataclass(frozen=True, slots=True)
class Fixed:
    """A field that has the same value in every entity of ours."""

    value: str

    def compare(self, operator: str, value: str) -> Q:
        """Compare."""
        mine, other = self.value, value.lower()
        holds = {"eq": mine == other, "ne": mine != other, "gt": mine > other, "ge": mine >= other, "lt": mine < other, "le": mine <= other}
        return _constant(holds[operator])

    def search(self, function: str, value: str) -> Q:
        """Search."""
        tests = {"startswith": self.value.startswith, "endswith": self.value.endswith}
        return _constant(tests.get(function, self.value.__contains__)(value.lower()))


def parse(text: str, fields: Mapping[str, Field]) -> Q:
    """Return the condition that a ``$filter`` means; an empty one means everything.

    :raises Invalid: if it is not one, or asks for what *fields* lacks
    """
    if not text.strip():
        return Q()
    try:
        return _Parser(_tokens(text), fields).whole()
    except _Bad as fault:
        raise Invalid(Fault("$filter", str(fault))) from fault


def _constant(holds: bool) -> Q:  # a condition that is met by every row, or by none
    return Q() if holds else Q(pk__in=[])


def _tokens(text: str) -> list[str]:
    if len(text) > MAX_LENGTH:
        raise _Bad(_("A filter has at most %(length)d characters.") % {"length": MAX_LENGTH})
    if "\0" in text:
        raise _Bad(_("A filter holds no NUL."))
    tokens, position, text = [], 0, text.rstrip()
    while position < len(text):
        match = _TOKENS.match(text, position)
        if match is None:
            raise _Bad(_("What begins with “%(rest)s” makes no sense.") % {"rest": text[position:].strip()[:20]})
        tokens.append(match.group(match.lastgroup or 0))
        position = match.end()
    return tokens


@dataclass(slots=True)
class _Parser:
    """Descends through ``or``, ``and``, ``not``, parentheses, comparisons."""

    tokens: list[str]
    fields: Mapping[str, Field]
    position: int = 0
    depth: int = 0
    keywords: frozenset[str] = field(default=frozenset({"and", "or", "not"}))

    def whole(self) -> Q:
        condition = self._either()
        if self.position < len(self.tokens):
            raise _Bad(_("“%(token)s” is not expected there.") % {"token": self._peek()})
        return condition

    def _either(self) -> Q:
        condition = self._both()
        while self._peek().lower() == "or":
            self.position += 1
            condition = _or(condition, self._both())
        return condition

    def _both(self) -> Q:
        condition = self._one()
        while self._peek().lower() == "and":
            self.position += 1
            condition &= self._one()
        return condition

    def _one(self) -> Q:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise _Bad(_("The filter is nested too deeply."))
        token = self._take()
        if token.lower() == "not":
            condition = _not(self._one())
        elif token == "(":  # noqa: S105 - a parenthesis
            condition = self._either()
            self._expect(")")
        elif token in _FUNCTIONS:
            condition = self._function(token)
        else:
            condition = self._comparison(token)
        self.depth -= 1
        return condition

    def _function(self, name: str) -> Q:
        self._expect("(")
        arguments = [self._take()]
        self._expect(",")
        arguments.append(self._take())
        self._expect(")")
        if name == "substringof":  # the one whose text comes first
            arguments.reverse()
        return self._field(arguments[0]).search(name, _text(arguments[1]))

    def _comparison(self, name: str) -> Q:
        found = self._field(name)
        operator = self._take().lower()
        if operator not in _COMPARISONS:
            raise _Bad(_("“%(token)s” is not one of %(operators)s.") % {"token": operator, "operators": ", ".join(_COMPARISONS)})
        return found.compare(operator, self._value())

    def _value(self) -> str:
        token = self._take()
        if token == "datetime":  # noqa: S105 - the older way to write a moment
            token = self._take()
        if token in {"(", ")", ","}:
            raise _Bad(_("“%(token)s” is not expected there.") % {"token": token})
        return _text(token) if token.startswith("'") else token

    def _field(self, name: str) -> Field:
        known = name.removeprefix("properties/")
        if known not in self.fields:
            fields = ", ".join(self.fields)
            raise _Bad(_("“%(field)s” is not one of the fields that can be asked for: %(fields)s.") % {"field": name, "fields": fields})
        return self.fields[known]

    def _peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def _take(self) -> str:
        if self.position >= len(self.tokens):
            raise _Bad(_("The filter ends too early."))
        self.position += 1
        return self.tokens[self.position - 1]

    def _expect(self, token: str) -> None:
        if (found := self._take()) != token:
            raise _Bad(_("“%(token)s” is not expected there.") % {"token": found})


def _text(token: str) -> str:
    if not token.startswith("'"):
        raise _Bad(_("“%(token)s” must stand in quotation marks: '%(token)s'.") % {"token": token})
    return token[1:-1].replace("''", "'")


def _or(one: Q, other: Q) -> Q:
    """Return either. An empty ``Q`` means everything here, but is left out by Django's ``|``."""
    return Q() if not one or not other else one | other


def _not(condition: Q) -> Q:
    return ~condition if condition else Q(pk__in=[])
