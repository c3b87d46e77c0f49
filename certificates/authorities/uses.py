"""Where authorities are trusted. The apis app stands above this one; it enters its answers here when it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from apis.models import Api
    from certificates.authorities.models import Authority


class Uses(Protocol):
    """What the apis app knows."""

    def trusting(self, authority: Authority) -> QuerySet[Api]:
        """Return the APIs whose back ends have to lead to it."""

    def admitting(self, authority: Authority) -> QuerySet[Api]:
        """Return the APIs whose callers have to lead to it."""

    def needing(self, authority: Authority) -> QuerySet[Api]:
        """Return all of them, each once."""

    def pass_on(self, authority: Authority, *, before: str, after: str) -> None:
        """Let what trusts *authority* hold the PEM *after* in place of *before*, in the caller's transaction."""


_uses: list[Uses] = []


def answer_with(uses: Uses) -> None:
    """Let *uses* answer. Called once, by the app that knows."""
    _uses[:] = [uses]


def uses() -> Uses:
    """Return who knows."""
    (known,) = _uses
    return known
