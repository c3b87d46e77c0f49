"""Answers every call of the REST API before sessions, cookies, form tokens and the sign-in page come into play."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import cast

from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest, HttpResponse
from django.urls import get_resolver, set_urlconf
from django.utils import translation

ROOTS = ("/management/", "/adfs/")
_ADDRESSES = "rest.calls"

GetResponse = Callable[[HttpRequest], HttpResponse]


class ManagementMiddleware:
    """Takes what is at or below ``/management``, and what its clients sign in at; everything else goes on to the pages."""

    def __init__(self, get_response: GetResponse) -> None:
        """Stand before *get_response*."""
        self.get_response = get_response
        self.answer = convert_exception_to_response(_answer)  # into the answers that rest.calls names as handlers

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer a call, in the language that it accepts (English, unless it says so)."""
        if not f"{request.path_info}/".lower().startswith(ROOTS):
            return self.get_response(request)
        request.encoding = "utf-8"  # what the body is written in does not change what the address means
        request.sensitive_post_parameters = "__ALL__"  # type: ignore[attr-defined]  # a body sent as a form must not be mailed
        set_urlconf(_ADDRESSES)
        try:
            with translation.override(_language(request)):
                response = cast("HttpResponse", self.answer(request))
        finally:
            set_urlconf(None)
        response["Cache-Control"] = "no-store"
        response["x-ms-request-id"] = str(uuid.uuid4())
        return response


def _answer(request: HttpRequest) -> HttpResponse:
    request.get_host()  # refuses hosts that are not ours
    view, arguments, names = get_resolver(_ADDRESSES).resolve(request.path_info)
    response: HttpResponse = view(request, *arguments, **names)
    return response


def _language(request: HttpRequest) -> str:
    """Return the language of the messages; no cookie has a say."""
    request.COOKIES.clear()
    return translation.get_language_from_request(request)
