"""Reading the log as the feed of changes."""

from __future__ import annotations

from collections.abc import Iterable

from portal.models import Activity, Event


def last_line() -> int:
    """Return the number of the newest line, 0 if there is none."""
    return Activity.objects.order_by("-id").values_list("id", flat=True).first() or 0


def lines_after(line: int) -> list[Activity]:
    """Return the lines after *line*, oldest first. None is ever missed: they become visible in order."""
    return list(Activity.objects.filter(id__gt=line).order_by("id"))


def trimmed_beyond(line: int, following: Iterable[Activity]) -> bool:
    """Tell whether lines after *line* were trimmed before they were followed: then everything is read anew.

    :param following: what :func:`lines_after` returned; a trimming is a line itself, after all that it took
    """
    return any(one.event == Event.LOG_TRIMMED and int(one.subject_id) > line for one in following)
