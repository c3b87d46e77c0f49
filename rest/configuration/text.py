"""The text of a configuration file as plain values, and back.

YAML is read as its core schema says (YAML 1.2, section 10.3), JSON is read too. A key that stands twice in one object is refused: one of
the two would go unnoticed.
"""

from __future__ import annotations

import re
from typing import Any

import yaml
from django.utils.translation import gettext as _

from apis.definitions.loading import load
from apis.definitions.model import Problem, Unreadable, Why
from apis.exchange import words
from rest.configuration.document import Document

_MOST_VALUES = 5_000_000
_LINES = re.compile(r"(?:[!-~][ -~]*\n)+\Z")
_BREAKS = re.compile("[\x85\u2028\u2029]")  # which are folded unless they are escaped
_CORE_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z|0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")


class NotRead(Exception):
    """A text is no configuration file; the message is a sentence about it."""


def read(text: str) -> Any:
    """Return the values in *text*.

    :raises NotRead: if it is neither YAML nor JSON, holds more than one document, or a key twice
    """
    try:
        values, asides = load(text.removeprefix("\ufeff"), most=_MOST_VALUES)
    except Unreadable as refusal:
        raise NotRead(_("The file is too large.") if refusal.problem == Problem.TOO_MANY else words.problem(refusal)) from refusal
    for aside in asides:
        if aside.why == Why.DUPLICATE_KEY:
            place = _("line %(line)s") % {"line": aside.place} if aside.place else _("in one object")
            raise NotRead(_("The key “%(key)s” stands twice (%(place)s). Keep one of them.") % {"key": aside.detail, "place": place})
        if aside.why == Why.MORE_DOCUMENTS:
            raise NotRead(_("The file holds several YAML documents. Give one at a time, or name the others as overlays."))
    return values


class _Dumper(yaml.SafeDumper):
    """Writes what :func:`read` reads again as it was: texts that the core schema takes for numbers stand in quotes."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - its signature
        """Write everything out."""
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if _LINES.match(value) else '"' if _BREAKS.search(value) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", _CORE_NUMBER, list("-+.0123456789"))
_Dumper.add_representer(str, _text)
_Dumper.add_multi_representer(str, lambda dumper, value: _text(dumper, str(value)))  # choices


def write(document: Document) -> str:
    """Return *document* as YAML."""
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=140)
    return text
