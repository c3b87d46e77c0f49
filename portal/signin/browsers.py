"""A browser by its name, from what it says about itself. [pure]"""

from __future__ import annotations

# The first that fits: many claim to be others as well.
_BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrom", "Chrome"), ("Safari/", "Safari"), ("curl/", "curl"))
_SYSTEMS = (("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Mac OS", "macOS"), ("Linux", "Linux"))


def browser_of(user_agent: str) -> str:
    """Return browser and system that a User-Agent header names, for instance ``Firefox, Windows``; empty if it names neither."""
    names = (next((name for part, name in known if part in user_agent), "") for known in (_BROWSERS, _SYSTEMS))
    return ", ".join(name for name in names if name)
