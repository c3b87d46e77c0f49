"""Refusals of the REST API and the one form they all have: ``{"error": {"code", "message", "details"}}``.

Clients retry 408, 429 and every 5xx, so that what will not change by itself is 400, 401, 403, 404, 405, 409, 412, 413 or 415.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse, JsonResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one field of a request."""

    target: str  # the field as the client named it: "displayName", "tls.validateCertificateChain", "$filter"
    message: str | Promise
    code: str = "ValidationError"


class Refused(Exception):
    """A call is refused."""

    status = 400
    code = "BadRequest"
    faults: tuple[Fault, ...] = ()

    def __init__(self, message: str | Promise, *, headers: dict[str, str] | None = None) -> None:
        """Hold the sentence for the client, and headers that belong to the answer."""
        super().__init__(str(message))
        self.message = str(message)
        self.headers = headers or {}


class Invalid(Refused):
    """Fields hold what they may not hold."""

    code = "ValidationError"

    def __init__(self, *faults: Fault) -> None:
        """Hold one fault or more."""
        super().__init__("One or more fields contain incorrect values:")  # the published words
        self.faults = faults


class NotAuthenticated(Refused):
    """Nobody knows who calls."""

    status, code = 401, "AuthenticationFailed"

    def __init__(self, message: str | Promise) -> None:
        """Hold the sentence."""
        super().__init__(message, headers={"WWW-Authenticate": "Bearer"})


class Forbidden(Refused):
    """The caller's role does not allow it; decided before anything is looked up, so that it tells nothing of what exists."""

    status, code = 403, "AuthorizationFailed"

    def __init__(self) -> None:
        """Say so."""
        super().__init__(_("The role of this token does not allow this."))


class NotFound(Refused):
    """Nothing has this address."""

    status, code = 404, "ResourceNotFound"

    def __init__(self, message: str | Promise = "") -> None:
        """Hold the sentence."""
        super().__init__(message or _("Nothing has this address."))


class MethodNotAllowed(Refused):
    """The address takes other methods."""

    status, code = 405, "MethodNotAllowed"

    def __init__(self, allowed: tuple[str, ...]) -> None:
        """Hold the methods it takes."""
        methods = ", ".join(allowed)
        super().__init__(_("This address takes %(methods)s only.") % {"methods": methods}, headers={"Allow": methods})


class Conflict(Refused):
    """The state of things refuses it."""

    status, code = 409, "Conflict"

    def __init__(self, message: str | Promise, *, status: int = 409) -> None:
        """Hold the sentence; the older clients expect another status."""
        super().__init__(message)
        self.status = status


class TooSlow(Refused):
    """A body did not come in time."""

    status, code = 408, "RequestTimeout"


class PreconditionFailed(Refused):
    """The entity is not in the state that ``If-Match`` or ``If-None-Match`` asks for."""

    status, code = 412, "PreconditionFailed"

    def __init__(self) -> None:
        """Say so."""
        super().__init__(_("The entity was changed meanwhile, or is there already: its ETag is not the one you named. Read it again."))


class TooLarge(Refused):
    """A body is larger than any entity."""

    status, code = 413, "RequestEntityTooLarge"


class UnsupportedMediaType(Refused):
    """A body is something else than JSON."""

    status, code = 415, "UnsupportedMediaType"


class TooManyRequests(Refused):
    """Try again later."""

    status, code = 429, "TooManyRequests"

    def __init__(self, message: str | Promise, *, seconds: int) -> None:
        """Hold the sentence and after how many *seconds* it is worth another try."""
        super().__init__(message, headers={"Retry-After": str(seconds)})


def answer(refusal: Refused) -> HttpResponse:
    """Return the answer to a refused call."""
    return enveloped(refusal.status, refusal.code, refusal.message, *refusal.faults, headers=refusal.headers)


def enveloped(status: int, code: str, message: str, *faults: Fault, headers: dict[str, str] | None = None) -> HttpResponse:
    """Return an error in the published envelope."""
    details = [{"code": fault.code, "target": fault.target, "message": str(fault.message)} for fault in faults]
    return JsonResponse({"error": {"code": code, "message": message, "details": details}}, status=status, headers=headers)
