"""System checks: what the settings say of the activity log makes sense."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from portal.activity.receivers import Unknown, receiver_of


@register(Tags.database)  # so that the xDS process, which forwards, asks for it as well
def lines_can_be_forwarded_and_kept(**_arguments: Any) -> list[CheckMessage]:
    """Check where lines go and how long they stay."""
    found: list[CheckMessage] = []
    if settings.ACTIVITY_FORWARD:
        try:
            receiver_of(settings.ACTIVITY_FORWARD)
        except Unknown as unknown:
            found.append(Error(str(unknown), id="portal.E001"))
    if settings.ACTIVITY_FORWARD_CA and not Path(settings.ACTIVITY_FORWARD_CA).is_file():
        found.append(Error(f"PORTAL_ACTIVITY_FORWARD_CA names {settings.ACTIVITY_FORWARD_CA}, which is no file.", id="portal.E002"))
    if settings.ACTIVITY_KEEP_DAYS < 0:
        found.append(Error("PORTAL_ACTIVITY_KEEP_DAYS must be a number of days, or 0 to keep lines for ever.", id="portal.E003"))
    return found
