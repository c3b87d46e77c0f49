"""What an API sends to its back end to prove itself, in words, and never the secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from apis.credentials.keeping import loaded
from apis.credentials.models import OAuthClient, PlaceChoice, SharedSecret
from apis.models import Credentials

if TYPE_CHECKING:
    from apis.models import Api


def sent_in_words(api: Api) -> str:
    """Return what calls of *api* carry besides a client certificate; empty: nothing."""
    if api.credentials == Credentials.BASIC:
        return _("user name and password (HTTP basic)")
    row = loaded(api)
    if isinstance(row, SharedSecret):
        words = (
            _("a secret in the header %(name)s")
            if row.secret_place == PlaceChoice.HEADER
            else _("a secret in the query parameter %(name)s")
        )
        return words % {"name": row.secret_name}
    if isinstance(row, OAuthClient):
        return _("a token that the gateway gets from %(endpoint)s") % {"endpoint": row.token_endpoint}
    return ""
