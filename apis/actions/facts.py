"""What the activity log tells of rows before and after a change: plain values, no secrets."""

from __future__ import annotations

from typing import Any

from apis.callers import Callers
from apis.calls import Calls
from apis.credentials.keeping import values_of
from apis.models import Api, BasicCredentials, Operation, Subscription

_SETTINGS = ("display_name", "description", "service_url", "path", "subscription_required", "key_header", "key_query")
_SECURITY = ("credentials", "validate_certificate_chain", "validate_certificate_name", "trusted_ca")
_API = (*_SETTINGS, *_SECURITY, "document", *(field.name for part in (Calls, Callers) for field in part._meta.get_fields()))


def of_api(api: Api) -> dict[str, Any]:
    """Return settings, security, who may call and how calls go on, but neither password nor secret."""
    found = {name: getattr(api, name) for name in _API}
    found["certificate"] = api.certificate.name if api.certificate else None
    for place in ("trusted_authority", "caller_authority"):
        found[place] = authority.name if (authority := getattr(api, place)) else None
    basic = BasicCredentials.objects.filter(api=api).only("username", "written_username").first()
    found["username"] = basic.shown_username if basic else None
    return found | values_of(api) | _led(api)


def of_new_api(api: Api) -> dict[str, Any]:
    """Return the settings, which is what an API is made with."""
    return {name: getattr(api, name) for name in _SETTINGS} | _led(api)


def _led(api: Api) -> dict[str, Any]:
    return {"back_end": api.back_end.name if api.back_end else None, "own_url": api.own_url, "written_url": api.written_url}


def of_operation(operation: Operation) -> dict[str, Any]:
    """Return what calls it matches and what it is called."""
    return {name: getattr(operation, name) for name in ("display_name", "method", "url_template", "description", "document")}


def of_subscription(subscription: Subscription) -> dict[str, Any]:
    """Return what it opens and whether it does, but no key."""
    api = subscription.api.name if subscription.api else None
    return {"display_name": subscription.display_name, "api": api, "state": subscription.state}
