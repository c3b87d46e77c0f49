"""Makers of what tests need: rows, and (from tests.issuing) authorities, certificates and PFX files. Plain functions, plain defaults."""

from __future__ import annotations

from django.utils import timezone

from apis import actions as api_actions
from apis.models import Api, Subscription
from certificates import actions as certificate_actions
from certificates.models import ClientCertificate
from tests.issuing import Issued, PrivateKey, issue

__all__ = ["Issued", "PrivateKey", "issue", "make_api", "make_certificate", "make_subscription"]


def make_certificate(name: str = "orders-client", issued: Issued | None = None) -> ClientCertificate:
    """Store a client certificate."""
    return certificate_actions.upload((issued or issue(name)).as_pfx(), name=name, by=None, now=timezone.now())


def make_api(name: str = "orders", *, service_url: str = "https://orders.example.com", path: str = "", everything: bool = True) -> Api:
    """Store an API, by default with one operation that lets everything through."""
    chosen = api_actions.ApiSettings(display_name=name.title(), service_url=service_url, path=path or name)
    api = api_actions.create_api(name, chosen, by=None, now=timezone.now())
    if everything:
        api_actions.add_operation(
            api, name="everything", display_name="Everything", method="*", url_template="/*", by=None, now=timezone.now()
        )
    return api


def make_subscription(name: str = "all", *, api: Api | None = None) -> Subscription:
    """Store a subscription to *api*, or to all APIs."""
    return api_actions.create_subscription(name=name, display_name=name.title(), api=api, by=None, now=timezone.now())
