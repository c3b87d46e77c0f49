"""Trusted authorities, by their current version: each entry once, however many APIs trust it. One that nobody uses is told of, too."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.urls import reverse

from certificates.authorities.models import Authority
from certificates.authorities.uses import uses
from certificates.facts import Facts
from notices.subject import Kind, Subject


def look(*, now: datetime, within: timedelta) -> Iterator[Subject]:
    """Yield those of which a certificate ends within that time, or has ended."""
    for entry in Authority.objects.filter(current__not_after__lte=now + within).select_related("current"):
        assert entry.current is not None  # noqa: S101 - it was selected by it
        yield _subject(entry, min(entry.current.facts, key=lambda one: one.not_after))


def _subject(entry: Authority, first: Facts) -> Subject:
    return Subject(
        kind=Kind.AUTHORITY,
        key=f"authority:{entry.pk}",
        version=first.thumbprint_sha256,
        name=entry.name,
        path=reverse("authorities:replace", kwargs={"name": entry.name}),
        told_to="authorities.change_authority",
        ends_at=first.not_after,
        label=first.shown_name,
        thumbprint=first.thumbprint,
        apis=functools.partial(_apis_of, entry),
    )


def _apis_of(entry: Authority) -> list[str]:
    return list(uses().needing(entry).order_by("name").values_list("name", flat=True))
