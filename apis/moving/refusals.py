"""Why APIs were not moved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from certificates.rollout.staying import named

if TYPE_CHECKING:
    from apis.models import Api


class Refused(Exception):
    """Some of the APIs stand in the way.

    :ivar apis: which
    """

    def __init__(self, apis: Sequence[Api]) -> None:
        """Hold the APIs."""
        super().__init__(f"Not moved because of {named(apis)}.")
        self.apis = apis


class OverHttp(Refused):
    """They are called by http, where no certificate can be presented."""


class SharesBackEnd(Refused):
    """They have the certificate from a back end that other APIs use as well, or from a pool."""


class ChangedMeanwhile(Refused):
    """They, or the certificate, are not what they were when the move was compared and tried."""


class NothingToMove(Exception):
    """No API is left that does not present the certificate already."""


class Gone(Exception):
    """The move is there no more: it was carried out, or discarded."""


class SamePerson(Exception):
    """Who has proposed the move wants to confirm it, and the certificate's rules say that another person does."""
