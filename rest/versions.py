"""The two published generations of the API and the api-versions of each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from django.http import HttpRequest
from django.utils.translation import gettext as _

from rest.envelope import Refused

_VERSION = re.compile(r"(\d{4}-\d{2}-\d{2})(?:-preview)?\Z", re.ASCII | re.IGNORECASE)


class BadVersion(Refused):
    """The api-version is missing or unknown."""

    code = "InvalidApiVersionParameter"


class MissingVersion(BadVersion):
    """There is no api-version."""

    code = "MissingApiVersionParameter"


@dataclass(frozen=True, slots=True)
class Generation:
    """The api-versions of one form of the API, the first and the last."""

    first: date
    last: date

    def check(self, request: HttpRequest) -> None:
        """Take the first, the last and whatever was published between them.

        :raises BadVersion: if the request names another version, or none
        """
        named = next((request.GET.get(name, "") for name in request.GET if name.lower() == "api-version"), "")
        if not named:
            raise MissingVersion("The api-version query parameter (?api-version=) is required for all requests.")
        if not self._knows(named):
            words = {"first": self.first.isoformat(), "last": self.last.isoformat()}
            raise BadVersion(_("The api-version is not one of %(first)s to %(last)s.") % words)

    def _knows(self, named: str) -> bool:
        if (match := _VERSION.match(named)) is None:
            return False
        try:
            return self.first <= date.fromisoformat(match[1]) <= self.last
        except ValueError:  # the 31st of February
            return False


ARM = Generation(date(2022, 8, 1), date(2024, 5, 1))
DIRECT = Generation(date(2014, 2, 14), date(2017, 3, 1))
