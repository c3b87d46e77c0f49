"""What the mail about an error of ours may tell."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter


class ReportFilter(SafeExceptionReporterFilter):
    """Leaves out whatever was typed into a form.

    Views mark their passwords; a request that fails before its view (the sessions' database is away) has nobody to mark them.
    Cookies and queries, of the page before as well, may hold messages and words of people.
    """

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        """Return the names of the fields only."""
        return dict.fromkeys(request.POST, self.cleansed_substitute) if request else {}

    def get_safe_request_meta(self, request: HttpRequest | None) -> dict[str, Any]:
        """Return the environment of the request without queries and cookies."""
        meta: dict[str, Any] = super().get_safe_request_meta(request) if request else {}
        if referer := meta.get("HTTP_REFERER"):
            meta["HTTP_REFERER"] = _without_query(str(referer))
        hidden = {name: self.cleansed_substitute for name in ("QUERY_STRING", "RAW_URI", "REQUEST_URI") if meta.get(name)}
        return meta | hidden

    def get_safe_cookies(self, request: HttpRequest | None) -> dict[str, Any]:
        """Return the names of the cookies only."""
        return dict.fromkeys(request.COOKIES, self.cleansed_substitute) if request else {}


class Reporter(ExceptionReporter):
    """Names the address that was called without its query."""

    def get_traceback_data(self) -> dict[str, Any]:
        """Return what the report is made from."""
        data: dict[str, Any] = super().get_traceback_data()
        if self.request is not None:
            data["request_insecure_uri"] = _without_query(data["request_insecure_uri"])
            data["request_GET_items"] = [(name, SafeExceptionReporterFilter.cleansed_substitute) for name in self.request.GET]
        return data


def _without_query(address: str) -> str:
    try:
        return urlsplit(address)._replace(query="", fragment="").geturl()
    except ValueError:
        return ""
