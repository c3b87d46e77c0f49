"""The keys that the log is sealed with. They lie sealed under the ring, which an app above knows: it enters here how to get at them."""

from __future__ import annotations

from collections.abc import Callable

Keys = Callable[[], list[bytes]]
_keys: list[Keys] = []


def keys_from(keys: Keys) -> None:
    """Let *keys* give the keys, the one to write with first, at least one. Called once, by the app that keeps them."""
    _keys[:] = [keys]


def keys() -> list[bytes]:
    """Return the keys. More than one if an earlier one was damaged; they differ in which lines they have sealed."""
    (known,) = _keys
    return known()
