"""Why a change to APIs, operations or subscriptions was not made."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apis.models import Api


class EditedMeanwhile(Exception):
    """Somebody else saved the API after the editor had opened it.

    :ivar api: the API as it is now; ``changed_by`` and ``changed_at`` say who and when
    """

    def __init__(self, api: Api) -> None:
        """Hold the API."""
        super().__init__(f"The API {api.name} was changed meanwhile.")
        self.api = api


class KeyTaken(Exception):
    """A given subscription key is another subscription's."""


class Taken(Exception):
    """Something else of the kind bears the name, the URL suffix or the signature already.

    :ivar field: ``name``, ``path`` or ``url_template``
    """

    def __init__(self, field: str, value: str) -> None:
        """Hold what is taken."""
        super().__init__(f"{value} is taken already.")
        self.field = field


class NotOverHttp(Exception):
    """A client certificate is presented in a TLS handshake, so it cannot go with an http Web service URL."""
