"""Whether a request comes from somebody the portal knows, told before its body is there."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest
from django.utils.module_loading import import_string

BODY_REFUSED = "portal.body_refused"  # in the WSGI environment: the status of a body that was not kept


def is_known(environ: dict[str, Any]) -> bool:
    """Return whether one of the ways in (the setting ``KNOWN_CALLERS``) knows who sends the request."""
    request = WSGIRequest(environ)
    return any(import_string(way)(request) for way in settings.KNOWN_CALLERS)


def is_signed_in(request: HttpRequest) -> bool:
    """Return whether the request brings the session of somebody who is signed in."""
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    if not key:
        return False
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    return get_user(request).is_authenticated
