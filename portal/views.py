"""The dashboard and the health check."""

from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def dashboard(request: HttpRequest) -> HttpResponse:
    """Show the state of the house and the next step."""
    return render(request, "portal/dashboard.html")


@login_not_required
def healthz(_request: HttpRequest) -> HttpResponse:
    """Answer 200 while the portal reaches its database."""
    connection.ensure_connection()
    return HttpResponse("ok\n", content_type="text/plain")
