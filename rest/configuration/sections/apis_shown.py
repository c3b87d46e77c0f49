"""APIs as a configuration file has them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.db.models import Prefetch

from apis.actions import ApiCallers, ApiCalls
from apis.models import Api, Credentials, Operation
from apis.policy.model import DEFAULT_KEY_HEADER, DEFAULT_KEY_QUERY
from rest.configuration.document import Document
from rest.configuration.secrets.keeping import Keeper
from rest.configuration.sections import credentials, documentation, operations

SETTINGS = ("display_name", "description", "service_url", "path", "subscription_required")
KEY_NAMES = {"key_header": DEFAULT_KEY_HEADER, "key_query": DEFAULT_KEY_QUERY}
_RELATED = (
    *("back_end", "certificate", "basic_credentials", "sharedsecret", "oauthclient__token_authority"),
    *("trusted_authority", "caller_authority__current", "remarks"),
)


def rows() -> Any:
    """Return all APIs with everything that is shown of them."""
    there = Prefetch("operations", Operation.objects.select_related("remarks"))
    return Api.objects.select_related(*_RELATED).prefetch_related(there).order_by("name")


def show(row: Api, keeper: Keeper) -> Document:
    """Return an API with its security and operations."""
    return {
        "name": row.name,
        **settings(row),
        "back_end": row.back_end.name if row.back_end else "",
        "security": security(row, keeper),
        "callers": callers(row),
        "calls": calls(row),
        "policy": row.document,
        "documentation": documentation.of(row),
        "operations": [operations.show(one) for one in sorted(row.operations.all(), key=lambda one: one.name)],
    }


def settings(row: Api) -> Document:
    """Return what the Settings tab holds, and where callers put their keys."""
    return {name: getattr(row, name) for name in (*SETTINGS, *KEY_NAMES)} | {"service_url": row.written_address}


def security(row: Api, keeper: Keeper) -> Document:
    """Return how an API proves itself to its back end, and how it checks it."""
    place = f"apis/{row.name}/security"
    basic = row.basic_credentials if row.credentials == Credentials.BASIC else None
    return {
        "credentials": row.credentials,
        "certificate": row.certificate.name if row.certificate else "",
        "username": basic.shown_username if basic else "",
        **(credentials.password(basic, keeper, place) if basic else {}),
        **credentials.shown(row, keeper, place),
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
    return _plain(asdict(ApiCalls.of(row))) | {"cors": row.cors}


def callers(row: Api) -> Document:
    """Return who may call an API."""
    entry = row.caller_authority
    return _plain(ApiCallers.of(row).values()) | {
        "caller_certificate": row.caller_certificate,
        "caller_authority": entry.name if entry else "",
        "caller_authorities": "" if entry else row.caller_authorities,
    }


def _plain(values: dict[str, Any]) -> Document:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
