"""How the child that opens uploaded files is confined on this machine, in words for whoever runs the portal."""

from __future__ import annotations

from certificates.pfx import opening
from certificates.pfx.confinement import MEASURES


def missing() -> list[str]:
    """Return the measures that this machine's kernel does not offer, or a container around the portal forbids."""
    got = opening.confinement()
    return [measure for measure in MEASURES if measure not in got]


def sentence() -> str:
    """Return what confines it and what does not."""
    lacking = missing()
    got = [measure for measure in MEASURES if measure not in lacking]
    confined = f"is confined by {', '.join(got)}" if got else "is limited in time and memory only"
    lack = f"; not offered here: {', '.join(lacking)}" if lacking else ""
    return f"The process that opens uploaded files {confined}{lack}."
