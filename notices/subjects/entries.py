"""Certificate entries of every kind, by their current version."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.urls import reverse

from certificates.kinds import PAGES, Pages
from certificates.models import Certificate
from certificates.uses import apis_that_need
from notices.subject import Kind, Subject


def look(*, now: datetime, within: timedelta) -> Iterator[Subject]:
    """Yield those that end within that time, or have ended."""
    for pages in PAGES.values():
        for entry in pages.model.objects.with_current().filter(current__not_after__lte=now + within):
            yield _subject(entry, pages)


def subject_of(entry: Certificate) -> Subject:
    """Return what is told of *entry*, whether or not anything is due."""
    return _subject(entry, next(pages for kind, pages in PAGES.items() if kind == entry.kind))


def _subject(entry: Certificate, pages: Pages) -> Subject:
    version = entry.current
    assert version is not None  # noqa: S101 - an entry is made with its first version
    return Subject(
        kind=Kind(f"{entry.kind}-certificate"),
        key=f"{entry.kind}:{entry.pk}",
        version=version.thumbprint_sha256,
        name=entry.name,
        path=reverse(pages.to["replace"], kwargs={"name": entry.name}),
        told_to=pages.permission("change"),
        ends_at=version.not_after,
        label=version.label,
        thumbprint=version.thumbprint,
        entry=entry.pk,
        apis=functools.partial(_apis_of, entry),
    )


def _apis_of(entry: Certificate) -> list[str]:
    return list(apis_that_need(entry).order_by("name").values_list("name", flat=True))
