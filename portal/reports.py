"""What the mail about an error of ours may tell."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter


class ReportFilter(SafeExceptionReporterFilter):
    """Leaves out whatever was typed into a form.

    Views mark their passwords; a request that fails before its view (the sessions' database is away) has nobody to mark them.
    """

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        """Return the names of the fields only."""
        return dict.fromkeys(request.POST, self.cleansed_substitute) if request else {}
