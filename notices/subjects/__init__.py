"""What ends or fails: each kind finds its own. A new kind is a module with a ``look`` and a line here."""

from __future__ import annotations

from datetime import datetime, timedelta

from notices.episodes import settled
from notices.subject import Kind, Subject
from notices.subjects import authorities, backends, entries, failing, gateways, staying

__all__ = ["Kind", "Subject", "look"]

_LOOKS = (entries.look, staying.look, authorities.look, gateways.look, backends.look, failing.look)


def look(*, now: datetime, within: timedelta) -> list[Subject]:
    """Return what fails, then what has ended or ends *within* that time, the most urgent first."""
    found = settled(subject for one in _LOOKS for subject in one(now=now, within=within))
    return sorted(found, key=lambda subject: (subject.ends_at is not None, subject.ends_at or now, subject.name))
