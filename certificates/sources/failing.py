"""What sources fail at, for those who have to mend it (:mod:`portal.troubles`)."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse

from certificates.kinds import PAGES
from certificates.models import Kind
from certificates.sources.standing import failing
from portal.troubles import Topic, Trouble


def troubles() -> Iterator[Trouble]:
    """Yield what fails now, once for each time that it began to."""
    for source in failing():
        entry = source.certificate
        pages = PAGES[Kind(entry.kind)]
        assert source.failing_since is not None  # noqa: S101 - those that fail have it
        yield Trouble(
            key=f"source:{source.pk}",
            episode=source.failing_since.isoformat(),
            name=entry.name,
            reason=source.trouble,
            path=reverse(pages.to["detail"], args=[entry.name]),
            told_to=pages.permission("change"),
            entry=entry.pk,
            topic=Topic.SOURCES,
        )
