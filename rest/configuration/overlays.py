"""What differs from one environment to the next, laid over the configuration that they share. [pure]

The rules, in full: objects are merged key by key; entries of a list that have names are merged by their names, new ones come last; any
other value, ``null`` and lists without names included, stands in place of the one beneath; ``$delete: true`` in an entry or object takes
the one beneath away.
"""

from __future__ import annotations

from typing import Any

DELETE = "$delete"


def laid_over(beneath: Any, overlay: Any) -> Any:
    """Return *beneath* with *overlay* laid over it; neither is changed."""
    if isinstance(beneath, dict) and isinstance(overlay, dict):
        return _objects(beneath, overlay)
    if _are_named(beneath) and _are_named(overlay) and overlay:
        return _entries(beneath, overlay)
    return _alone(overlay)


def _objects(beneath: dict[str, Any], overlay: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in beneath.items() if not _goes(overlay.get(name))}
    over = {name: value for name, value in overlay.items() if not _goes(value)}
    merged = {name: laid_over(value, over[name]) if name in over else value for name, value in kept.items()}
    return merged | {name: _alone(value) for name, value in over.items() if name not in kept}


def _entries(beneath: list[dict[str, Any]], overlay: list[dict[str, Any]]) -> list[Any]:
    merged = _objects({entry["name"]: entry for entry in beneath}, {entry["name"]: entry for entry in overlay})
    return list(merged.values())


def _alone(value: Any) -> Any:
    """Return what an overlay brings where nothing lies beneath: there ``$delete`` has nothing to take away."""
    if isinstance(value, dict):
        return {name: _alone(one) for name, one in value.items() if not _goes(one)}
    if isinstance(value, list):
        return [_alone(one) for one in value if not _goes(one)]
    return value


def _goes(value: Any) -> bool:
    return isinstance(value, dict) and value.get(DELETE) is True


def _are_named(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) and isinstance(one.get("name"), str) for one in value)
