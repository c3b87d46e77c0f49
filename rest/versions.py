"""The two published generations of the API and the api-versions of each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from django.http import HttpRequest
from django.utils.translation import gettext as _

from rest.envelope import Refused

POLICY_VALUE_SINCE = date(2018, 6, 1)
"""Until then a policy's ``value`` and ``format`` are named ``policyContent`` and ``contentFormat``, an import's ``contentValue`` and so."""

_VERSION = re.compile(r"(\d{4}-\d{2}-\d{2})(?:-preview)?\Z", re.ASCII | re.IGNORECASE)


class BadVersion(Refused):
    """The api-version is missing or unknown."""

    code = "InvalidApiVersionParameter"


class MissingVersion(BadVersion):
    """There is no api-version."""

    code = "MissingApiVersionParameter"


@dataclass(frozen=True, slots=True)
class Generation:
    """The api-versions of one form of the API, the first and the last; without a last one it goes on to this day."""

    first: date
    last: date | None = None

    def asked(self, request: HttpRequest, *, today: date) -> date:
        """Return the version that *request* names: the first, the last or any between them, previews included.

        :raises BadVersion: if the request names another version, or none
        """
        named = next((request.GET.get(name, "") for name in request.GET if name.lower() == "api-version"), "")
        if not named:
            raise MissingVersion("The api-version query parameter (?api-version=) is required for all requests.")
        last = self.last or today
        if (version := _date_of(named)) is None or not self.first <= version <= last:
            words = {"first": self.first.isoformat(), "last": last.isoformat()}
            raise BadVersion(_("The api-version is not one of %(first)s to %(last)s.") % words)
        return version


def _date_of(named: str) -> date | None:
    if (match := _VERSION.match(named)) is None:
        return None
    try:
        return date.fromisoformat(match[1])
    except ValueError:  # the 31st of February
        return None


ARM = Generation(date(2018, 1, 1))
DIRECT = Generation(date(2014, 2, 14), date(2017, 3, 1))
NEWEST = date(2024, 5, 1)  # what the description for machines and its examples name
