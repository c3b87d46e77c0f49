"""Where a request comes from."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def caller(request: HttpRequest) -> str:
    """Return the caller's address, by which failed sign-ins are counted.

    Behind a TLS proxy (``PORTAL_BEHIND_TLS_PROXY=1``) it is the last address of X-Forwarded-For, the one that the proxy itself has
    added; what stands before it, and the whole header without a proxy, is only what the caller says. What is no address (a proxy
    may write "unknown") does not count.
    """
    own = str(request.META.get("REMOTE_ADDR") or "")
    if not settings.SECURE_PROXY_SSL_HEADER:
        return own
    forwarded = str(request.META.get("HTTP_X_FORWARDED_FOR", "")).rpartition(",")[2].strip()
    try:
        return str(ipaddress.ip_address(forwarded))
    except ValueError:
        return own
