"""Tokens that gateways cannot get, for those who have to mend it (:mod:`portal.troubles`)."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from gateway.tokens import failing
from portal.troubles import Topic, Trouble

_PATIENCE = 3  # attempts; the first few follow each other within seconds


def troubles() -> Iterator[Trouble]:
    """Yield what fails now, once for each time that it began to."""
    for row in failing().filter(failed__gte=_PATIENCE):
        assert row.failing_since is not None  # noqa: S101 - where there is an error there is this
        yield Trouble(
            key=f"token:{row.gateway_id}:{row.api_id}",
            episode=row.failing_since.isoformat(),
            name=row.api.display_name,
            reason=_("%(gateway)s cannot get a token: %(error)s.") % {"gateway": row.gateway.name, "error": row.error},
            path=reverse("apis:security", kwargs={"name": row.api.name}),
            told_to="apis.change_api",
            topic=Topic.SOURCES,
        )
