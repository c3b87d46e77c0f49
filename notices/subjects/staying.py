"""Earlier versions of client certificates that some APIs stay with, while the others present the current one."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.urls import reverse

from apis.models import Api
from certificates.kinds import CLIENT_CERTIFICATES
from certificates.models import CertificateVersion
from notices.subject import Kind, Subject


def look(*, now: datetime, within: timedelta) -> Iterator[Subject]:
    """Yield those that end within that time, or have ended."""
    kept = Api.objects.filter(stays_with__not_after__lte=now + within).values("stays_with")
    for version in CertificateVersion.objects.filter(pk__in=kept).select_related("certificate").order_by("pk"):
        yield _subject(version)


def _subject(version: CertificateVersion) -> Subject:
    entry = version.certificate
    return Subject(
        kind=Kind.CLIENT,
        key=f"{entry.kind}:{entry.pk}:{version.number}",
        version=version.thumbprint_sha256,
        name=entry.name,
        path=reverse(CLIENT_CERTIFICATES.to["detail"], kwargs={"name": entry.name}),
        told_to=CLIENT_CERTIFICATES.permission("change"),
        ends_at=version.not_after,
        label=version.label,
        thumbprint=version.thumbprint,
        entry=entry.pk,
        apis=functools.partial(_staying_with, version),
    )


def _staying_with(version: CertificateVersion) -> list[str]:
    return list(Api.objects.filter(stays_with=version).order_by("name").values_list("name", flat=True))
