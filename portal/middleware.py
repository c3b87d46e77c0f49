"""What is done to every request and every answer."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect

from portal import errors
from portal.callers import BODY_REFUSED
from portal.guesses import TooManyGuesses
from portal.preferences import preferences_of
from portal.turns import Busy

GetResponse = Callable[[HttpRequest], HttpResponse]
_ZERO = "%00"


class PreferencesMiddleware:
    """Speaks the language the signed-in person has chosen, on whichever browser they are."""

    def __init__(self, get_response: GetResponse) -> None:
        """Stand before *get_response*."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Switch the language, if the person has chosen one."""
        if (preferences := preferences_of(request.user)) and preferences.language:
            translation.activate(preferences.language)
            request.LANGUAGE_CODE = preferences.language
        return self.get_response(request)


class ArrivalMiddleware:
    """Notes when a request came: what it writes is told by that from what was written before."""

    def __init__(self, get_response: GetResponse) -> None:
        """Stand before *get_response*."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Note it, and go on."""
        request.came_at = timezone.now()  # type: ignore[attr-defined]  # as PortalRequest has it
        return self.get_response(request)


class ZerosMiddleware:
    """Leaves out of addresses the one character that nobody types and PostgreSQL refuses to look for."""

    def __init__(self, get_response: GetResponse) -> None:
        """Stand before *get_response*, and before whatever reads ``request.GET``."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Go on with what is left."""
        if _ZERO in (query := request.META.get("QUERY_STRING", "")):
            request.META["QUERY_STRING"] = _without_zeros(query)
        return self.get_response(request)


def _without_zeros(query: str) -> str:
    """Return *query* without any; where taking one out joins what makes another, without that too."""
    kept: list[str] = []
    for character in query:
        kept.append(character)
        if kept[-len(_ZERO) :] == list(_ZERO):
            del kept[-len(_ZERO) :]
    return "".join(kept)


class BodyMiddleware:
    """Says so where the body was not kept, because it came too slowly or was too large (:mod:`portal.bodies`)."""

    def __init__(self, get_response: GetResponse) -> None:
        """Stand before *get_response*."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Refuse the request, or go on."""
        refused = request.META.get(BODY_REFUSED)
        return errors.body_refused(request, refused) if refused else self.get_response(request)


class LimitsMiddleware:
    """Answers whoever has guessed too often, or finds too many before them, with 429 and when to come again."""

    def __init__(self, get_response: GetResponse) -> None:
        """Stand before *get_response*."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Go on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, refusal: Exception) -> HttpResponse | None:
        """Turn the refusal of a view into its page."""
        match refusal:
            case TooManyGuesses():
                return errors.locked_out(request, seconds=refusal.seconds)
            case Busy():
                return errors.busy(request, seconds=refusal.seconds)
            case _:
                return None


class AnswerMiddleware:
    """Keeps signed-in pages out of caches, fragments apart from pages, and gives every refusal a page."""

    def __init__(self, get_response: GetResponse) -> None:
        """Stand before *get_response*."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Complete the answer."""
        response = self.get_response(request)
        if response.status_code == 405 and not response.content:  # noqa: PLR2004
            response = errors.method_not_allowed(request, response["Allow"])
        if request.headers.get("HX-Request") and _leads_to_sign_in(response):
            response = _whole_page_to_sign_in(request)
        if request.user.is_authenticated and not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"
        if response.get("Content-Type", "").startswith("text/html"):
            patch_vary_headers(response, ["HX-Request"])
        return response


def _leads_to_sign_in(response: HttpResponse) -> bool:
    return response.status_code == 302 and urlsplit(response["Location"]).path == resolve_url(settings.LOGIN_URL)  # noqa: PLR2004


def _whole_page_to_sign_in(request: HttpRequest) -> HttpResponse:
    """Answer a fragment request of somebody whose session has ended: the browser goes to the sign-in page and comes back."""
    page = request.htmx.current_url_abs_path or ""  # type: ignore[attr-defined]  # HtmxMiddleware adds it
    return HttpResponseClientRedirect(f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': page})}")
