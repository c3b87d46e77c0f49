"""What the xDS process does beside serving gateways. The apps above enter theirs here when they start. [pure]"""

from __future__ import annotations

import threading
from collections.abc import Callable

Work = Callable[[threading.Event], None]
_works: dict[str, Callable[[], Work]] = {}


def keep(name: str, make: Callable[[], Work]) -> None:
    """Have a thread called *name* run, until its event is set, what *make* returns. Called once for each, by the app that knows."""
    _works[name] = make


def works() -> dict[str, Work]:
    """Return what is to run, by name."""
    return {name: make() for name, make in _works.items()}
