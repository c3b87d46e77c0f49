"""Authorities that were pasted into APIs: those that back ends are trusted by, and those of callers."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from django.db.models import Q
from django.urls import reverse

from apis.models import Api
from notices.subjects.subject import Kind, Subject

_FIELDS = {"trusted_ca": "apis:security", "caller_authorities": "apis:callers"}  # where they stand, and the tab that changes them


def look(*, now: datetime, within: timedelta) -> Iterator[Subject]:
    """Yield each that ends within that time, or has ended, once, however many APIs hold it."""
    found: dict[tuple[str, str], set[str]] = {}
    ending: dict[str, _Authority] = {}
    for field in _FIELDS:
        for pem in Api.objects.exclude(**{field: ""}).order_by().values_list(field, flat=True).distinct():
            for authority in _read(pem):
                if authority.not_after <= now + within:
                    ending[authority.fingerprint] = authority
                    found.setdefault((field, authority.fingerprint), set()).add(pem)
    for (field, fingerprint), pems in found.items():
        yield from _subjects(ending[fingerprint], field, pems)


class _Authority:
    """What is told of one."""

    def __init__(self, certificate: x509.Certificate) -> None:
        self.fingerprint = certificate.fingerprint(SHA256()).hex()
        self.thumbprint = certificate.fingerprint(SHA1()).hex().upper()  # noqa: S303 - what people call a thumbprint
        self.label = certificate.subject.rfc4514_string()
        self.not_after = certificate.not_valid_after_utc


@functools.lru_cache(maxsize=4096)
def _read(pem: str) -> tuple[_Authority, ...]:
    """Return the authorities in *pem*, none if it was damaged meanwhile."""
    try:
        return tuple(_Authority(certificate) for certificate in x509.load_pem_x509_certificates(pem.encode()))
    except ValueError:
        return ()


def _subjects(authority: _Authority, field: str, pems: set[str]) -> Iterator[Subject]:
    using = Api.objects.filter(Q(**{f"{field}__in": pems})).order_by("name")
    first = using.values_list("name", flat=True).first()
    if first is None:  # changed meanwhile
        return
    yield Subject(
        kind=Kind.AUTHORITY,
        key=f"authority:{field}:{authority.fingerprint[:40]}",
        version=authority.fingerprint,
        name=authority.label,
        path=reverse(_FIELDS[field], kwargs={"name": first}),
        told_to="apis.change_api",
        ends_at=authority.not_after,
        thumbprint=authority.thumbprint,
        apis=lambda: list(using.values_list("name", flat=True)),
    )
