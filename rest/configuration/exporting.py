"""The configuration as plain values, in a lasting order: equal configurations give equal files."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from apis.actions import ApiCallers, ApiCalls
from apis.backends.models import BackEnd
from apis.models import Api, Credentials, Operation, Subscription
from apis.pickers import ALL_APIS, API_PREFIX
from certificates.authorities.models import Authority
from certificates.models import ClientCertificate, ServerCertificate
from rest.configuration import back_ends, parts
from rest.configuration.document import Document

VERSION = 1


def configuration() -> Document:
    """Return everything but secrets. The number of queries does not grow with the configuration."""
    related = ("certificate", "basic_credentials", "trusted_authority", "caller_authority__current")
    return {
        "version": VERSION,
        "certificates": [certificate(row) for row in _by_name(_entries(ClientCertificate))],
        "server_certificates": [certificate(row) for row in _by_name(_entries(ServerCertificate))],
        "authorities": [authority(row) for row in _by_name(Authority.objects.exclude(current=None).select_related("current"))],
        "apis": [api(row) for row in _by_name(Api.objects.select_related(*related).prefetch_related("operations"))],
        "subscriptions": [subscription(row) for row in _by_name(Subscription.objects.select_related("api"))],
        "backends": [back_ends.shown(row) for row in _by_name(BackEnd.objects.select_related("certificate", "trusted_authority"))],
    }


def _entries(model: type[ClientCertificate | ServerCertificate]) -> Any:
    return model.objects.exclude(current=None).select_related("current").prefetch_related(*parts.related())


def certificate(row: ClientCertificate | ServerCertificate) -> Document:
    """Return an entry; a file that brings it along names a PFX file as ``pfx`` and its password's file as ``password_file``."""
    assert row.current is not None  # noqa: S101 - an entry is made with its first version
    return {"name": row.name, "thumbprint": row.current.thumbprint, "subject": row.current.label, **parts.shown(row)}


def authority(row: Authority) -> Document:
    """Return a trusted authority, with its certificates in PEM."""
    assert row.current is not None  # noqa: S101 - an entry is made with its first version
    return {"name": row.name, "certificates": row.current.pem}


def api(row: Api) -> Document:
    """Return an API with its security and operations; instead of a basic password a file names ``password_file``."""
    return {
        "name": row.name,
        "display_name": row.display_name,
        "description": row.description,
        "service_url": row.own_address,
        "path": row.path,
        "subscription_required": row.subscription_required,
        "key_header": row.key_header,
        "key_query": row.key_query,
        **({"back_end": row.back_end.name} if row.back_end else {}),
        "security": security(row),
        "callers": callers(row),
        "calls": calls(row),
        "operations": [operation(one) for one in sorted(row.operations.all(), key=lambda one: one.name)],
    }


def security(row: Api) -> Document:
    """Return how an API proves itself to its back end, and how it checks it."""
    return {
        "credentials": row.credentials,
        "certificate": row.certificate.name if row.certificate else "",
        "username": row.basic_credentials.username if row.credentials == Credentials.BASIC else "",
        "validate_certificate_chain": row.validate_certificate_chain,
        "validate_certificate_name": row.validate_certificate_name,
        "trusted_authority": row.trusted_authority.name if row.trusted_authority else "",
        "trusted_ca": "" if row.trusted_authority else row.trusted_ca,
        "protocol": row.protocol,
        "asks_later": row.asks_later,
        "older_servers": row.older_servers,
    }


def calls(row: Api) -> Document:
    """Return how calls go on to an API's back end."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(ApiCalls.of(row)).items()} | {
        "cors": row.cors
    }


def callers(row: Api) -> Document:
    """Return who may call an API."""
    entry = row.caller_authority
    return {name: list(value) if isinstance(value, tuple) else value for name, value in ApiCallers.of(row).values().items()} | {
        "caller_certificate": row.caller_certificate,
        "caller_authority": entry.name if entry else "",
        "caller_authorities": "" if entry else row.caller_authorities,
    }


def operation(row: Operation) -> Document:
    """Return an operation."""
    return {name: getattr(row, name) for name in ("name", "display_name", "method", "url_template", "description")}


def subscription(row: Subscription) -> Document:
    """Return a subscription; new ones get new keys."""
    scope = f"{API_PREFIX}{row.api.name}" if row.api else ALL_APIS
    return {"name": row.name, "display_name": row.display_name, "scope": scope, "state": row.state}


def _by_name(rows: Any) -> Any:
    return rows.order_by("name")
