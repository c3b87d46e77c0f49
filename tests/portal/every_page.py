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
    make_invitation,
    make_person,
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


_VIEW, _PUBLISH, _ADMINISTER = Open.VIEWERS, Open.PUBLISHERS, Open.ADMINISTRATORS
CERTIFICATE, API, SUBSCRIPTION, GATEWAY, ACTIVITY_ID = "orders-client", "orders", "all", "gateway-1", "5f3c-1"
ACCESS = "5cf1a7"
PERSON, INVITATION = "someone", "a-link-of-the-tests"

ADDRESSES: dict[str, Address] = {
    "healthz": Address(Open.ANYBODY),
    "login": Address(Open.ANYBODY),
    "account_login": Address(Open.ANYBODY),
    "password_new": Address(Open.ANYBODY, more=(("uidb64", "MQ"), ("token", "x"))),
    "set_language": Address(Open.ANYBODY, "post"),
    "dashboard": Address(_VIEW),
    "activity": Address(_VIEW),
    "preferences": Address(_VIEW),
    "password_change": Address(_VIEW),
    "account_reauthenticate": Address(_VIEW),
    "sessions": Address(_VIEW),
    "mfa_index": Address(_VIEW),
    "mfa_activate_totp": Address(_VIEW),
    "mfa_add_webauthn": Address(_VIEW),
    "mfa_generate_recovery_codes": Address(_VIEW),
    "sign_in_settings": Address(_ADMINISTER),
    "locks": Address(_ADMINISTER),
    "help": Address(_VIEW),
    "guide": Address(_VIEW, more=(("page", "first-steps"),)),
    "set_theme": Address(_VIEW, "post"),
    "profile": Address(_VIEW),
    "invitation": Address(Open.ANYBODY, more=(("token", INVITATION),)),
    "people:index": Address(_ADMINISTER),
    "people:invite": Address(_ADMINISTER),
    "people:withdraw": Address(_ADMINISTER, "post", more=(("pk", "1"),)),
    "people:detail": Address(_ADMINISTER, named=PERSON),
    "people:role": Address(_ADMINISTER, "post", named=PERSON),
    "people:deactivate": Address(_ADMINISTER, "post", named=PERSON),
    "people:activate": Address(_ADMINISTER, "post", named=PERSON),
    "people:end_sessions": Address(_ADMINISTER, "post", named=PERSON),
    "people:reset_second_factor": Address(_ADMINISTER, "post", named=PERSON),
    "people:unlock": Address(_ADMINISTER, "post", named=PERSON),
    "people:password_link": Address(_ADMINISTER, "post", named=PERSON),
    "people:delete": Address(_ADMINISTER, named=PERSON),
    "certificates:index": Address(_VIEW),
    "certificates:detail": Address(_VIEW, named=CERTIFICATE),
    "certificates:upload": Address(_PUBLISH),
    "certificates:replace": Address(_PUBLISH, named=CERTIFICATE),
    "certificates:roll_back": Address(_PUBLISH, "post", named=CERTIFICATE),
    "certificates:delete": Address(_PUBLISH, named=CERTIFICATE),
    "apis:index": Address(_VIEW),
    "apis:detail": Address(_VIEW, named=API),
    "apis:operations": Address(_VIEW, named=API),
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
    "gateways:enrol": Address(_ADMINISTER),
    "gateways:remove": Address(_ADMINISTER, named=GATEWAY),
    "rest:index": Address(_VIEW),
    "rest:new": Address(_ADMINISTER),
    "rest:revoke": Address(_ADMINISTER, more=(("identifier", ACCESS),)),
    "rest:keys": Address(_ADMINISTER, "post", more=(("identifier", ACCESS),)),
    "rest:regenerate": Address(_ADMINISTER, more=(("identifier", ACCESS),)),
}
# Told apart elsewhere: leaving is open to all who came in; Django admin in test_admin.py; what is there only for some in tests/signin.
ELSEWHERE = (
    *(
        "logout",
        "admin:",
        "mfa_authenticate",
        "mfa_login_webauthn",
        "openid_connect_login",
        "openid_connect_callback",
        "password_forgotten",
    ),
    *("mfa_deactivate_totp", "mfa_remove_webauthn", "mfa_view_recovery_codes"),
)


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
    make_subscription(SUBSCRIPTION, api=make_api(API))
    make_failed_call(ACTIVITY_ID, gateway=make_gateway(GATEWAY).name)
    make_shared_access(ACCESS)
    make_person(PERSON)
    make_invitation("newcomer", token=INVITATION)
