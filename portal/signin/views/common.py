"""What the pages have in common."""

from __future__ import annotations

import ipaddress
import json
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from portal.activity import record
from portal.activity.people import Account
from portal.models import Event
from portal.responses import SeeOther

OK, FOUND, UNPROCESSABLE = 200, 302, 422


class Answers:
    """Gives allauth's pages the portal's statuses: 422 with the form, 303 once it is done; and notes what was done."""

    event: Event | None = None
    request: HttpRequest

    def form_invalid(self, form: Any) -> HttpResponse:
        """Answer a refused form with 422."""
        response: HttpResponse = super().form_invalid(form)  # type: ignore[misc]  # of the view beside it
        if response.status_code == OK:
            response.status_code = UNPROCESSABLE
        return response

    def form_valid(self, form: Any) -> HttpResponse:
        """Do it, with its line in the activity log in the same transaction."""
        with transaction.atomic():
            response: HttpResponse = super().form_valid(form)  # type: ignore[misc]  # of the view beside it
            if self.event:
                person = self.request.user
                record(self.event, Account.of(person), by=person, at=timezone.now())  # type: ignore[arg-type]  # signed in
        return SeeOther(response["Location"]) if response.status_code == FOUND else response


def passkeys_possible(request: HttpRequest) -> bool:
    """Return whether browsers offer passkeys for the address that the portal is called by: a name, over TLS but on one's own machine."""
    host = request.get_host().rpartition(":")[0] or request.get_host()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return request.is_secure()
    return False


def as_json(options: dict[str, Any]) -> str:
    """Return what a browser needs for a passkey, for an attribute."""
    return json.dumps(options["publicKey"])
