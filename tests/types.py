"""Names for types that Django's stubs keep to themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Page
else:
    from django.http import HttpResponse as Page

__all__ = ["Page"]
