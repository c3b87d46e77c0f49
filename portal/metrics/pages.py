"""``/metrics`` of the portal."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal.metrics.families import CONTENT_TYPE, may_read, of_process, text_of
from portal.metrics.measured import families
from portal.readiness import Report

_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")  # what only a proxy sends


@login_not_required
@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer the figures, in the text format of Prometheus, to who has the token; without one, to this machine alone."""
    # Its parts are told at /readyz: what needs the database, as these figures do, cannot tell that it is away.
    direct = not settings.SECURE_PROXY_SSL_HEADER and not any(name in request.headers for name in _FORWARDED)
    peer = str(request.META.get("REMOTE_ADDR") or "-")
    if not may_read(peer, request.headers.get("Authorization", ""), settings.METRICS_TOKEN, direct=direct):
        return HttpResponse("Send the token of PORTAL_METRICS_TOKEN, or ask from this machine.\n", status=403, content_type="text/plain")
    return HttpResponse(text_of([*of_process("portal", Report({})), *families()]), content_type=CONTENT_TYPE)
