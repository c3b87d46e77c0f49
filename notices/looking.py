"""A look a day at what each back end presents, by the portal itself. Where a gateway stands elsewhere, it may be shown something else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from django.conf import settings
from django.db.models import QuerySet

from apis.backends.models import BackEnd
from apis.handshake.of_backend import certificate_of
from apis.models import Api
from notices.models import BackendCertificate

EVERY = timedelta(days=1)
_AT_ONCE = 5  # each may take seconds, and notices wait meanwhile


def look_around(*, now: datetime) -> int:
    """Look at some of the back ends that nobody has looked at within a day; return at how many. Those that no API has are forgotten."""
    wanted = dict(_addresses())
    known = {(seen.host, seen.port): seen for seen in BackendCertificate.objects.all()}
    BackendCertificate.objects.filter(pk__in=[seen.pk for address, seen in known.items() if address not in wanted]).delete()
    due = [address for address in wanted if address not in known or not now - EVERY < known[address].looked_at <= now]
    return sum(_look(*address, wanted[address], now=now) for address in due[:_AT_ONCE])


def apis_at(host: str, port: int) -> list[Api]:
    """Return the APIs whose back end is there, by name."""
    shown = f"[{host}]" if ":" in host else host
    found = Api.objects.filter(service_url__startswith=f"https://{shown}").order_by("name")
    sharing = [one for one in _sharing() if (host, port) in map(_address, _urls(one))]
    shared = Api.objects.filter(back_end__in=sharing).order_by("name")
    return sorted({*shared, *(api for api in found if _address(api.service_url) == (host, port))}, key=lambda api: api.name)


def _sharing() -> QuerySet[BackEnd]:
    """Return the back ends with several addresses that APIs use."""
    return BackEnd.objects.exclude(addresses=[]).filter(apis__isnull=False).distinct().order_by("name")


def _urls(back_end: BackEnd) -> list[str]:
    return [one["url"] for one in back_end.addresses if one["url"].startswith("https://")]


def _addresses() -> Iterator[tuple[tuple[str, int], str]]:
    for back_end in _sharing():
        name = back_end.apis.order_by("name").values_list("name", flat=True)[0]
        yield from ((_address(url), name) for url in _urls(back_end))
    for name, url in Api.objects.filter(service_url__startswith="https://").order_by("-name").values_list("name", "service_url"):
        yield _address(url), name


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 443


def _look(host: str, port: int, api: str, *, now: datetime) -> bool:
    """Look, unless another process does; what was seen before stays where nothing is seen now."""
    row, _ = BackendCertificate.objects.get_or_create(host=host, port=port, defaults={"looked_at": now - 2 * EVERY})
    if not BackendCertificate.objects.filter(pk=row.pk, looked_at=row.looked_at).update(looked_at=now):
        return False
    backend = replace(Api.objects.get(name=api).backend(), host=host, port=port)
    if certificate := certificate_of(backend, allowed=settings.ALLOWED_BACKEND_NETWORKS):
        BackendCertificate.objects.filter(pk=row.pk).update(
            thumbprint=certificate.fingerprint(SHA1()).hex().upper(),  # noqa: S303 - what people call a thumbprint
            fingerprint=certificate.fingerprint(SHA256()).hex(),
            subject=certificate.subject.rfc4514_string()[:2000],
            not_after=certificate.not_valid_after_utc,
        )
    return True
