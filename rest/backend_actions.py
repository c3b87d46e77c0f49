"""Every change to back end entities. They decide over the APIs whose Web service URL lies at their URL: most specific URL first.

This is the published service's rule; its own documents switch certificate chain validation off with such an entity.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q

from apis.actions import ApiSecurity, secure_api
from apis.models import Api, Credentials
from certificates.models import ClientCertificate
from portal.activity import differences, record
from portal.models import Event
from rest.models import Backend

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendSettings:
    """What a back end entity holds, checked."""

    url: str
    spelled_url: str = ""  # what was written for it, if that differs
    title: str = ""
    description: str = ""
    validate_certificate_chain: bool = True
    validate_certificate_name: bool = True
    certificate: ClientCertificate | None = None


@transaction.atomic
def create_backend(name: str, chosen: BackendSettings, *, by: User | None, now: datetime) -> Backend:
    """Add a back end entity and give its settings to the APIs at its URL.

    :raises apis.actions.NotOverHttp: if it has a certificate and an API there is called by http
    :raises ClientCertificate.DoesNotExist: if the certificate is gone
    """
    backend = Backend(name=name, created_at=now, revision=0)
    _apply(backend, chosen)
    record(Event.BACKEND_CREATED, backend, by=by, at=now, changes=differences({}, _facts(backend)), url=backend.url)
    _settle(_apis_at(backend.url), None, by=by, now=now)
    return backend


@transaction.atomic
def change_backend(backend: Backend, chosen: BackendSettings, *, by: User | None, now: datetime) -> Backend:
    """Change a back end entity and the APIs at its URL; those that it leaves go back to the usual settings.

    :raises apis.actions.NotOverHttp: if it has a certificate and an API there is called by http
    :raises Backend.DoesNotExist: if it is gone
    :raises ClientCertificate.DoesNotExist: if the certificate is gone
    """
    before = Backend.objects.select_for_update().get(pk=backend.pk)
    backend = Backend.objects.get(pk=backend.pk)
    _apply(backend, chosen)
    record(Event.BACKEND_CHANGED, backend, by=by, at=now, changes=differences(_facts(before), _facts(backend)), url=backend.url)
    _settle(_apis_at(before.url) | _apis_at(backend.url), before, by=by, now=now)
    return backend


@transaction.atomic
def delete_backend(backend: Backend, *, by: User | None, now: datetime) -> None:
    """Delete a back end entity; APIs that still have its settings go back to the usual ones, which check chain and name."""
    before = Backend.objects.get(pk=backend.pk)
    record(Event.BACKEND_DELETED, backend, by=by, at=now, changes=differences(_facts(before), {}), url=backend.url)
    Backend.objects.filter(pk=backend.pk).delete()
    _settle(_apis_at(before.url), before, by=by, now=now)


def apply_backend(api: Api, *, by: User | None, now: datetime) -> Api:
    """Give an API the settings of the back end entity at its Web service URL, if there is one and they differ.

    :raises apis.actions.NotOverHttp: if that has a certificate and the API is called by http
    """
    if backend := _backend_at(api.service_url):
        return _give(api, backend, None, by=by, now=now)
    return api


def _facts(backend: Backend) -> dict[str, Any]:
    found = {field.name: getattr(backend, field.name) for field in fields(BackendSettings) if field.name != "spelled_url"}
    return found | {"certificate": backend.certificate.name if backend.certificate else None}


def _apply(backend: Backend, chosen: BackendSettings) -> None:
    if chosen.certificate:  # locked, so that nobody deletes it before the back end points at it
        ClientCertificate.objects.select_for_update().get(pk=chosen.certificate.pk)
    for field in fields(chosen):
        setattr(backend, field.name, getattr(chosen, field.name))
    backend.revision += 1
    backend.save()


def _apis_at(url: str) -> set[Api]:
    at = Q(service_url=url) | Q(service_url__startswith=f"{url}/")
    return set(Api.objects.filter(at).select_related("certificate").order_by("pk"))


def _backend_at(service_url: str) -> Backend | None:
    """Return the back end entity with the longest URL at or above *service_url*; among equals the first by name."""
    above = [service_url[:end] for end, character in enumerate(service_url) if character == "/"]
    found = Backend.objects.filter(url__in=[service_url.rstrip("/"), *above]).select_related("certificate").order_by("name")
    return max(found, key=lambda backend: len(backend.url), default=None)


def _settle(apis: set[Api], before: Backend | None, *, by: User | None, now: datetime) -> None:
    """Give each of *apis* what the back end entity at its URL says; where there is none any more, take back what *before* said."""
    for api in sorted(apis, key=lambda one: one.pk):
        if backend := _backend_at(api.service_url):
            _give(api, backend, before, by=by, now=now)
        elif before and _has(api, before):
            _give(api, Backend(), before, by=by, now=now)


def _has(api: Api, backend: Backend) -> bool:
    """Tell whether an API still has the settings of *backend*, so that nobody has changed them since."""
    flags = ("validate_certificate_chain", "validate_certificate_name")
    return all(getattr(api, flag) == getattr(backend, flag) for flag in flags) and backend.certificate_id in {None, api.certificate_id}


def _give(api: Api, backend: Backend, before: Backend | None, *, by: User | None, now: datetime) -> Api:
    """Secure an API as *backend* says. Credentials stay if it has none, unless they came from *before*."""
    certificate, credentials = api.certificate, Credentials(api.credentials)
    if backend.certificate:
        certificate, credentials = backend.certificate, Credentials.CLIENT_CERTIFICATE
    elif certificate and before and certificate.pk == before.certificate_id:
        certificate, credentials = None, Credentials.NONE
    chosen = ApiSecurity(
        credentials=credentials,
        certificate=certificate,
        username=api.basic_credentials.username if credentials == Credentials.BASIC else "",
        validate_certificate_chain=backend.validate_certificate_chain,
        validate_certificate_name=backend.validate_certificate_name,
        trusted_ca=api.trusted_ca,
    )
    wanted = (credentials, certificate, chosen.validate_certificate_chain, chosen.validate_certificate_name)
    if wanted == (Credentials(api.credentials), api.certificate, api.validate_certificate_chain, api.validate_certificate_name):
        return api
    return secure_api(api, chosen, by=by, now=now)
