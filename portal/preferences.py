"""What a person prefers: kept with their account, and in cookies for the pages before signing in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest, HttpResponseBase

from portal.models import Preferences, Theme

_THEME_COOKIE = f"{settings.COOKIE_PREFIX}theme"
_YEAR_SECONDS = 365 * 86400


def preferences_of(user: User | AnonymousUser) -> Preferences | None:
    """Return what *user* prefers; ``None`` if they never said. Asks the database once per request."""
    if not user.is_authenticated:
        return None
    try:
        return user.preferences
    except Preferences.DoesNotExist:
        return None


def theme_of(request: HttpRequest) -> str:
    """Return the theme to render: the person's, else the browser's cookie, else the system's."""
    user = getattr(request, "user", None)
    if user is not None and (preferences := preferences_of(user)):
        return preferences.theme
    cookie = request.COOKIES.get(_THEME_COOKIE, "")
    return cookie if cookie in Theme.values else Theme.AUTO.value


def keep(user: User | AnonymousUser, **chosen: Any) -> None:
    """Keep *chosen* (``language``, ``theme``, ``hidden_columns``) with the account; somebody not signed in has only the cookies."""
    if user.is_authenticated:
        Preferences.objects.update_or_create(user=user, defaults=chosen)


def set_theme_cookie(response: HttpResponseBase, theme: str) -> None:
    """Let the browser remember *theme* for the pages before signing in."""
    response.set_cookie(_THEME_COOKIE, theme, max_age=_YEAR_SECONDS, httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)


def set_language_cookie(response: HttpResponseBase, language: str) -> None:
    """Let the browser remember *language* for the pages before signing in."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )
