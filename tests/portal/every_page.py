"""Every address of the portal: who may open it, and what the pages of tests hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.makers import (
    make_api,
    make_certificate,
    make_failed_call,
    make_gateway,
    make_server_certificate,
    make_shared_access,
    make_subscription,
)


class Open(Enum):
    """To whom an address is open."""

    ANYBODY = "anybody, signed in or not"
    VIEWERS = "everybody who is signed in"
    PUBLISHERS = "publishers and administrators"
    ADMINISTRATORS = "administrators"


@dataclass(frozen=True)
class Address:
    """What a URL name leads to."""

    open_to: Open
    method: str = "get"
    named: str = ""  # what stands for <name:name>
    operation: str = ""
    more: tuple[tuple[str, str], ...] = ()  # other parts of the address

    def path(self, url_name: str) -> str:
        """Return the address."""
        kwargs = dict(self.more) | ({"name": self.named} if self.named else {})
        return reverse(url_name, kwargs={**kwargs, "operation": self.operation} if self.operation else kwargs)


_VIEW, _PUBLISH = Open.VIEWERS, Open.PUBLISHERS
CERTIFICATE, API, SUBSCRIPTION, GATEWAY, ACTIVITY_ID = "orders-client", "orders", "all", "gateway-1", "5f3c-1"
ACCESS = "5cf1a7"
SERVER_CERTIFICATE = "api.example.com"

ADDRESSES: dict[str, Address] = {
    "healthz": Address(Open.ANYBODY),
    "login": Address(Open.ANYBODY),
    "set_language": Address(Open.ANYBODY, "post"),
    "dashboard": Address(_VIEW),
    "activity": Address(_VIEW),
    "preferences": Address(_VIEW),
    "password_change": Address(_VIEW),
    "locks": Address(Open.ADMINISTRATORS),
    "help": Address(_VIEW),
    "guide": Address(_VIEW, more=(("page", "first-steps"),)),
    "set_theme": Address(_VIEW, "post"),
    "certificates:index": Address(_VIEW),
    "certificates:detail": Address(_VIEW, named=CERTIFICATE),
    "certificates:upload": Address(_PUBLISH),
    "certificates:replace": Address(_PUBLISH, named=CERTIFICATE),
    "certificates:roll_back": Address(_PUBLISH, "post", named=CERTIFICATE),
    "certificates:delete": Address(_PUBLISH, named=CERTIFICATE),
    "server_certificates:index": Address(_VIEW),
    "server_certificates:detail": Address(_VIEW, named=SERVER_CERTIFICATE),
    "server_certificates:upload": Address(_PUBLISH),
    "server_certificates:replace": Address(_PUBLISH, named=SERVER_CERTIFICATE),
    "server_certificates:roll_back": Address(_PUBLISH, "post", named=SERVER_CERTIFICATE),
    "server_certificates:delete": Address(_PUBLISH, named=SERVER_CERTIFICATE),
    "apis:index": Address(_VIEW),
    "apis:detail": Address(_VIEW, named=API),
    "apis:operations": Address(_VIEW, named=API),
    "apis:callers": Address(_VIEW, named=API),
    "apis:calls": Address(_VIEW, named=API),
    "apis:policy": Address(_VIEW, named=API),
    "apis:new": Address(_PUBLISH),
    "apis:settings": Address(_VIEW, named=API),
    "apis:operation_new": Address(_PUBLISH, named=API),
    "apis:operation": Address(_PUBLISH, named=API, operation="everything"),
    "apis:operation_delete": Address(_PUBLISH, named=API, operation="everything"),
    "apis:security": Address(_VIEW, named=API),
    "apis:test_connection": Address(_PUBLISH, "post", named=API),
    "apis:certificate_suggestions": Address(_PUBLISH),
    "apis:console": Address(_PUBLISH, named=API),
    "apis:delete": Address(_PUBLISH, named=API),
    "subscriptions:index": Address(_VIEW),
    "subscriptions:detail": Address(_VIEW, named=SUBSCRIPTION),
    "subscriptions:new": Address(_PUBLISH),
    "subscriptions:scope_suggestions": Address(_PUBLISH),
    "subscriptions:keys": Address(_PUBLISH, "post", named=SUBSCRIPTION),
    "subscriptions:regenerate": Address(_PUBLISH, "post", named=SUBSCRIPTION),
    "subscriptions:suspend": Address(_PUBLISH, "post", named=SUBSCRIPTION),
    "subscriptions:activate": Address(_PUBLISH, "post", named=SUBSCRIPTION),
    "subscriptions:delete": Address(_PUBLISH, named=SUBSCRIPTION),
    "gateways:index": Address(_VIEW),
    "gateways:live": Address(_VIEW, more=(("kind", "api"), ("pk", "1"))),
    "gateways:failed_calls": Address(_VIEW),
    "gateways:failed_call": Address(_VIEW, more=(("activity_id", ACTIVITY_ID),)),
    "gateways:enrol": Address(Open.ADMINISTRATORS),
    "gateways:remove": Address(Open.ADMINISTRATORS, named=GATEWAY),
    "rest:index": Address(_VIEW),
    "rest:new": Address(Open.ADMINISTRATORS),
    "rest:revoke": Address(Open.ADMINISTRATORS, more=(("identifier", ACCESS),)),
    "rest:keys": Address(Open.ADMINISTRATORS, "post", more=(("identifier", ACCESS),)),
    "rest:regenerate": Address(Open.ADMINISTRATORS, more=(("identifier", ACCESS),)),
}
# Told apart elsewhere: leaving is open to all who came in; Django admin in test_admin.py.
ELSEWHERE = ("logout", "admin:")


def url_names(patterns: list[URLPattern | URLResolver] | None = None, namespace: str = "") -> Iterator[str]:
    """Return the name of every address, with its namespace."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            yield from url_names(pattern.url_patterns, f"{pattern.namespace}:" if pattern.namespace else namespace)
        else:
            yield f"{namespace}{pattern.name}"


def make_something_of_everything() -> None:
    """Store what the addresses name."""
    make_certificate(CERTIFICATE)
    make_server_certificate(SERVER_CERTIFICATE)
    make_subscription(SUBSCRIPTION, api=make_api(API))
    make_failed_call(ACTIVITY_ID, gateway=make_gateway(GATEWAY).name)
    make_shared_access(ACCESS)
