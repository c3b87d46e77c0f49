"""``$filter``: the published operators and functions on the fields that an entity declares, as a condition of Django's.

``name eq 'a' and (contains(subject,'x') or not startswith(name,'b'))``. Functions ignore case; comparisons do where the field itself does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db.models import Q
from django.utils.translation import gettext as _

from rest.envelope import Fault, Invalid
from rest.fields import COMPARISONS, FUNCTIONS, BadFilter, Field, constant, negated

MAX_LENGTH = 2000
_MAX_DEPTH = 20
_TOKENS = re.compile(r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<word>[A-Za-z_$][\w./-]*)|(?P<moment>\d[\w:.+-]*)|(?P<sign>[(),]))", re.ASCII)


def parse(text: str, fields: Mapping[str, Field]) -> Q:
    """Return the condition that a ``$filter`` means; an empty one means everything.

    :raises Invalid: if it is not one, or asks for what *fields* lacks
    """
    if not text.strip():
        return Q()
    try:
        return _Parser(_tokens(text), fields).whole()
    except BadFilter as fault:
        raise Invalid(Fault("$filter", str(fault))) from fault


def _tokens(text: str) -> list[str]:
    if len(text) > MAX_LENGTH:
        raise BadFilter(_("A filter has at most %(length)d characters.") % {"length": MAX_LENGTH})
    if "\0" in text:
        raise BadFilter(_("A filter holds no NUL."))
    tokens, position, text = [], 0, text.rstrip()
    while position < len(text):
        match = _TOKENS.match(text, position)
        if match is None:
            raise BadFilter(_("What begins with “%(rest)s” makes no sense.") % {"rest": text[position:].strip()[:20]})
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
            raise BadFilter(_("“%(token)s” is not expected there.") % {"token": self._peek()})
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
            raise BadFilter(_("The filter is nested too deeply."))
        token = self._take()
        if token.lower() == "not":
            condition = negated(self._one())
        elif token == "(":  # noqa: S105 - a parenthesis
            condition = self._either()
            self._expect(")")
        elif token in FUNCTIONS:
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
        if operator not in COMPARISONS:
            raise BadFilter(_("“%(token)s” is not one of %(operators)s.") % {"token": operator, "operators": ", ".join(COMPARISONS)})
        if (value := self._value()) is not None:
            return found.compare(operator, value)
        condition = found.absent()
        return condition if operator == "eq" else negated(condition) if operator == "ne" else constant(False)

    def _value(self) -> str | None:
        """Return the value that comes next, ``None`` for ``null``."""
        token = self._take()
        if token == "datetime":  # noqa: S105 - the older way to write a moment
            token = self._take()
        if token in {"(", ")", ","}:
            raise BadFilter(_("“%(token)s” is not expected there.") % {"token": token})
        if token == "null":  # noqa: S105 - a value
            return None
        return _text(token) if token.startswith("'") else token

    def _field(self, name: str) -> Field:
        known = name.removeprefix("properties/")
        if known not in self.fields:
            fields = ", ".join(self.fields)
            raise BadFilter(
                _("“%(field)s” is not one of the fields that can be asked for: %(fields)s.") % {"field": name, "fields": fields}
            )
        return self.fields[known]

    def _peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def _take(self) -> str:
        if self.position >= len(self.tokens):
            raise BadFilter(_("The filter ends too early."))
        self.position += 1
        return self.tokens[self.position - 1]

    def _expect(self, token: str) -> None:
        if (found := self._take()) != token:
            raise BadFilter(_("“%(token)s” is not expected there.") % {"token": found})


def _text(token: str) -> str:
    if not token.startswith("'"):
        raise BadFilter(_("“%(token)s” must stand in quotation marks: '%(token)s'.") % {"token": token})
    return token[1:-1].replace("''", "'")


def _or(one: Q, other: Q) -> Q:
    """Return either. An empty ``Q`` means everything here, but is left out by Django's ``|``."""
    return Q() if not one or not other else one | other
