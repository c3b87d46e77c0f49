"""Values before and after a change, as lines hold them. [pure]"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Value = str | int | bool | list[str] | None
Changes = dict[str, list[Value]]

_NOTHING: tuple[tuple[Any, Any], ...] = (("", None), (None, ""), ([], None), (None, []))  # what differs in how nothing is written
HIDDEN = {"hidden": True}  # what a line holds in place of a secret's old and new value


def differences(before: Mapping[str, Any], after: Mapping[str, Any], *, hidden: Mapping[str, bool] | None = None) -> dict[str, Any]:
    """Return what differs, by field: ``[old, new]``, plain values.

    :param hidden: secrets, by field, and whether each was changed; the line says that, and no value
    """
    found: dict[str, Any] = {}
    for field in dict.fromkeys((*before, *after)):
        old, new = _plain(before.get(field)), _plain(after.get(field))
        if not same_value(old, new):
            found[field] = [old, new]
    return found | {field: HIDDEN for field, changed in (hidden or {}).items() if changed}


def same_value(one: Any, other: Any) -> bool:
    """Return whether two values are the same, however a line writes them."""
    old, new = _plain(one), _plain(other)
    return old == new or (old, new) in _NOTHING


def _plain(value: Any) -> Value:
    if isinstance(value, list | tuple):
        return [str(one) for one in value]
    return value if value is None or isinstance(value, bool | int) else str(value)
