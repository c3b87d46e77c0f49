"""A stored secret that does not open closes the page that needs it, by name, and nothing else."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from certificates.sealing import SealingError
from portal import errors

log = logging.getLogger(__name__)


class DamagedSecretMiddleware:
    """Answers 409 where a view meets a sealed row that does not open."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Stand before *get_response*."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Name the row, if that is what happened."""
        if not isinstance(exception, SealingError):
            return None
        log.error("%s", exception)
        return errors.damaged_secret(request, exception.row or str(exception))
