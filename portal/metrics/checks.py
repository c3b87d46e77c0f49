"""System check: a token that opens the figures cannot be guessed."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

LEAST_TOKEN = 16  # characters


@register(Tags.security)
def the_token_is_long(**_arguments: Any) -> list[CheckMessage]:
    """Check that it is, where there is one."""
    if 0 < len(settings.METRICS_TOKEN) < LEAST_TOKEN:
        return [Error(f"PORTAL_METRICS_TOKEN must have {LEAST_TOKEN} characters or more: nobody counts who guesses it.", id="portal.E010")]
    return []
