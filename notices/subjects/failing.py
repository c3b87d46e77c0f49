"""What fails without having an end: what the rooms have entered at :mod:`portal.troubles`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta

from notices.subject import Kind, Subject
from portal.troubles import troubles


def look(*, now: datetime, within: timedelta) -> Iterator[Subject]:  # noqa: ARG001 - as all others
    """Yield all that fails now."""
    for trouble in troubles():
        yield Subject(
            kind=Kind.TROUBLE,
            key=f"trouble:{hashlib.sha256(trouble.key.encode()).hexdigest()[:40]}",
            version=hashlib.sha256(trouble.episode.encode()).hexdigest(),
            name=trouble.name,
            path=trouble.path,
            told_to=trouble.told_to,
            trouble=trouble.reason,
            entry=trouble.entry,
            topic=trouble.topic,
            is_asked_again=trouble.is_asked_again,
        )
