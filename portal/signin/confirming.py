"""Before dangerous acts: who is at the keyboard says so once more, unless they have just done so (ASVS 5, 7.5.1)."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect

from portal.responses import see_other

CONFIRMED_AT = "confirmed_at"
PAGE = "account_reauthenticate"  # allauth's name for it

View = TypeVar("View", bound=Callable[..., HttpResponse])


def recently_confirmed(view: View) -> View:
    """Let only who has signed in, or confirmed who they are, within ``CONFIRMED_FOR`` reach *view*; others are asked, and come back.

    A form that was sent is not kept meanwhile (it may hold secrets): they come back to the page that it stood on.
    """

    @wraps(view)
    def asking(request: Any, *arguments: Any, **options: Any) -> HttpResponse:
        return view(request, *arguments, **options) if is_confirmed(request) else to_confirm(request)

    return asking  # type: ignore[return-value]  # wraps keeps what it is


def is_confirmed(request: HttpRequest) -> bool:
    """Return whether the person has just said who they are."""
    since = timezone.now().timestamp() - request.session.get(CONFIRMED_AT, 0)
    return bool(0 <= since < settings.CONFIRMED_FOR.total_seconds())


def note_confirmation(request: HttpRequest, *, at: float | None = None) -> None:
    """Keep that the person has said who they are *at* that moment (Unix time); just now, unless it is given."""
    request.session[CONFIRMED_AT] = timezone.now().timestamp() if at is None else at


def to_confirm(request: HttpRequest) -> HttpResponse:
    """Answer with the way to the page that asks, and from there back to where the person is."""
    page = f"{reverse(PAGE)}?{urlencode({'next': _where(request)})}"
    return HttpResponseClientRedirect(page) if request.headers.get("HX-Request") else see_other(page)


def next_page(request: HttpRequest) -> str:
    """Return the page to go on to: the one that the form or the address names, if it is ours; else the dashboard."""
    page = request.POST.get("next") or request.GET.get("next") or ""
    return page if is_ours(request, page) else reverse("dashboard")


def is_ours(request: HttpRequest, page: str) -> bool:
    """Return whether *page* is one of the portal, by the name that it is called by here: its other names are not asked."""
    return url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure())


def _where(request: HttpRequest) -> str:
    """Return the page that the person looks at: this one, or the one that a form or htmx sent from."""
    if request.headers.get("HX-Request"):
        return _path(request.headers.get("HX-Current-URL", ""))
    return request.get_full_path() if request.method in {"GET", "HEAD"} else _path(request.headers.get("Referer", ""))


def _path(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return reverse("dashboard")
    return parts._replace(scheme="", netloc="", fragment="").geturl() or reverse("dashboard")
