"""What back ends themselves present, as it was last seen (:mod:`notices.looking`)."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.urls import reverse

from apis.models import Api
from notices.looking import apis_at
from notices.models import BackendCertificate
from notices.subject import Kind, Subject


def look(*, now: datetime, within: timedelta) -> Iterator[Subject]:
    """Yield what ends within that time, or has ended, of back ends that an API still has."""
    for seen in BackendCertificate.objects.filter(not_after__lte=now + within):
        apis = apis_at(seen.host, seen.port)
        if apis:
            yield Subject(
                kind=Kind.BACK_END,
                key=f"back-end:{seen.pk}",
                version=seen.fingerprint,
                name=str(seen),
                path=reverse("apis:detail", kwargs={"name": apis[0].name}),
                told_to="apis.change_api",
                ends_at=seen.not_after,
                label=seen.subject,
                thumbprint=seen.thumbprint,
                apis=functools.partial(_names, apis),
            )


def _names(apis: list[Api]) -> list[str]:
    return [api.name for api in apis]
