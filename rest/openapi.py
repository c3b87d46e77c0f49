"""The OpenAPI document."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse


def answer(_request: HttpRequest) -> HttpResponse:
    """Answer the document."""
    return JsonResponse({"openapi": "3.1.0"})
