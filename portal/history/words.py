"""Values before and after a change in words: fields are called as their forms call them, choices as they are offered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import DateTimeField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from portal.models import Activity
from portal.subjects import field_of, label_of
from portal.templatetags.portal import precisely

_WORDS = {  # what no field of a model names
    "password": gettext_lazy("Password"),
    "certificate": gettext_lazy("client certificate"),
    "apis": gettext_lazy("APIs"),
    "certificates": gettext_lazy("certificates"),
    "key": gettext_lazy("key"),
    "name": gettext_lazy("name"),
    "url": gettext_lazy("URL"),
    "secret": gettext_lazy("Secret"),
    "operations": gettext_lazy("operations"),
    "roles": gettext_lazy("roles"),
}
_OLD_AND_NEW = 2
_LONGEST_VALUE = 300  # characters that are shown of one in a list


@dataclass(frozen=True, slots=True)
class Change:
    """One value that has changed. Both empty: a secret, of which that is all that is told."""

    label: str
    old: str
    new: str


def changes_of(line: Activity) -> list[Change]:
    """Return what *line* says has changed, each value cut to what a list has room for."""
    return [_change(line, name, pair) for name, pair in pairs_of(line).items()]


def pairs_of(line: Activity) -> dict[str, Any]:
    """Return the changes of *line* by field; of one that was tampered with, nothing."""
    return line.changes if isinstance(line.changes, dict) else {}


def label(line: Activity, name: str) -> str:
    """Return what people call a field of what *line* is about."""
    if words := label_of(line.event, name):
        return words
    field = field_of(line.event, name)
    text = str(field.verbose_name if field else _WORDS.get(name, name))
    return text[:1].upper() + text[1:]


def shown(line: Activity, name: str, value: Any) -> str:
    """Return the value of a field in words, whole."""
    field = field_of(line.event, name)
    if isinstance(field, DateTimeField) and value:
        return moment(str(value))
    choices = dict(field.flatchoices) if field else {}
    return _value(choices.get(value, value) if isinstance(value, str | int) else value)


def moment(written: str) -> str:
    """Return a moment as lines hold it in the reader's words; what is none, of a line that was tampered with, as it stands there."""
    try:
        return precisely(datetime.fromisoformat(written))
    except ValueError:
        return written


def is_pair(pair: Any) -> bool:
    """Return whether a change holds both values; a secret's does not."""
    return isinstance(pair, list) and len(pair) == _OLD_AND_NEW


def whole(line: Activity) -> str:
    """Return whether *line* holds all that there is of something ``new``, or deleted (``old``); empty: what has changed of it."""
    pairs = [pair for pair in pairs_of(line).values() if is_pair(pair)]
    nothing = [bool(pairs) and all(pair[side] is None for pair in pairs) for side in (0, 1)]
    return "new" if nothing[0] else "old" if nothing[1] else ""


def _change(line: Activity, name: str, pair: Any) -> Change:
    old, new = (_cut(shown(line, name, value)) for value in pair) if is_pair(pair) else ("", "")
    return Change(label(line, name), old, new)


def _value(value: Any) -> str:
    match value:
        case True:
            return _("on")
        case False:
            return _("off")
        case None | "" | [] | ():
            return pgettext("a value", "nothing")
        case list() | tuple():
            return ", ".join(map(str, value))
        case _:
            return str(value)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"
