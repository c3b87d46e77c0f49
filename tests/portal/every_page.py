"""Every address of the portal: who may open it, and what the pages of tests hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse

from certificates.models import Kind
from tests.makers import (
    make_api,
    make_authority,
    make_authority_candidate,
    make_authority_receipt,
    make_back_end,
    make_candidate,
    make_certificate,
    make_channel,
    make_failed_call,
    make_gateway,
    make_invitation,
    make_move,
    make_named_value,
    make_person,
    make_receipt,
    make_server_certificate,
    make_shared_access,
    make_signing_request,
    make_subscription,
    make_tested_call,
)


class Open(Enum):
    """To whom an address is open."""

    ANYBODY = "anybody, signed in or not"
    SIGNED_IN = "everybody who is signed in, with a role or without"
    VIEWERS = "everybody who has a role"
    PUBLISHERS = "publishers and administrators"
    ADMINISTRATORS = "administrators"


@dataclass(frozen=True)
class Address:
    """What a URL name leads to.

    :ivar open_to: who may look, or press the button where there is nothing to look at
    :ivar method: what the tests of pages ask with
    :ivar posts: to whom POST is open; ``None``: it takes none
    :ivar reads: whether it takes GET
    """

    open_to: Open
    method: str = "get"
    posts: Open | None = None
    reads: bool = True
    named: str = ""  # what stands for <name:name>
    operation: str = ""
    more: tuple[tuple[str, str], ...] = ()  # other parts of the address

    def path(self, url_name: str) -> str:
        """Return the address."""
        kwargs = dict(self.more) | ({"name": self.named} if self.named else {})
        return reverse(url_name, kwargs={**kwargs, "operation": self.operation} if self.operation else kwargs)


def page(open_to: Open, **more: Any) -> Address:
    """Return an address that is only looked at."""
    return Address(open_to, **more)


def form(open_to: Open, *, posts: Open | None = None, **more: Any) -> Address:
    """Return an address that is looked at and sends to itself; *posts* to fewer people, if need be."""
    return Address(open_to, posts=posts or open_to, **more)


def button(open_to: Open, **more: Any) -> Address:
    """Return an address that another page's button sends to."""
    return Address(open_to, "post", posts=open_to, reads=False, **more)


_ENTER, _VIEW, _PUBLISH, _ADMINISTER = Open.SIGNED_IN, Open.VIEWERS, Open.PUBLISHERS, Open.ADMINISTRATORS
CERTIFICATE, API, SUBSCRIPTION, GATEWAY, ACTIVITY_ID = "orders-client", "orders", "all", "gateway-1", "5f3c-1"
ACCESS = "5cf1a7"
SERVER_CERTIFICATE = "api.example.com"
CHANNEL = "team"
NAMED_VALUE = "orders-host"
AUTHORITY = "example"
RECEIPT, SERVER_RECEIPT, AUTHORITY_RECEIPT = "100001", "100002", "100003"
BACK_END = "shop"
SWITCH = "4"  # the line of the switch of a certificate that was made, beside another one, and had a version proposed before
MOVE = "100003"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PERSON, INVITATION = "someone", "a-link-of-the-tests"

ADDRESSES: dict[str, Address] = {
    "healthz": page(Open.ANYBODY),
    "readyz": page(Open.ANYBODY),
    "metrics": page(Open.ANYBODY),
    "login": form(Open.ANYBODY),
    "account_login": form(Open.ANYBODY),
    "password_new": form(Open.ANYBODY, more=(("uidb64", "MQ"), ("token", "x"))),
    "set_language": button(Open.ANYBODY),
    "dashboard": page(_ENTER),
    "search": page(_VIEW),
    "activity": page(_VIEW),
    "activity_people": page(_ADMINISTER),
    "activity_download": button(_ADMINISTER),
    "activity_line": page(_VIEW, more=(("number", SWITCH),)),
    "activity_restore": button(_PUBLISH, more=(("number", SWITCH),)),
    "activity_undo": button(_PUBLISH, more=(("number", SWITCH),)),
    "preferences": form(_ENTER),
    "password_change": form(_ENTER),
    "account_reauthenticate": form(_ENTER),
    "sessions": form(_ENTER),
    "mfa_index": page(_ENTER),
    "mfa_activate_totp": form(_ENTER),
    "mfa_add_webauthn": form(_ENTER),
    "mfa_generate_recovery_codes": form(_ENTER),
    "sign_in_settings": form(_ADMINISTER),
    "locks": form(_ADMINISTER),
    "help": page(_ENTER),
    "guide": page(_ENTER, more=(("page", "first-steps"),)),
    "set_theme": button(_ENTER),
    "columns": button(_ENTER),
    "settings": page(_VIEW),
    "retention": page(_VIEW),
    "about": page(_VIEW),
    "profile": form(_ENTER),
    "invitation": form(Open.ANYBODY, more=(("token", INVITATION),)),
    "people:index": page(_ADMINISTER),
    "people:invite": form(_ADMINISTER),
    "people:withdraw": button(_ADMINISTER, more=(("pk", "1"),)),
    "people:detail": page(_ADMINISTER, named=PERSON),
    "people:role": button(_ADMINISTER, named=PERSON),
    "people:deactivate": button(_ADMINISTER, named=PERSON),
    "people:activate": button(_ADMINISTER, named=PERSON),
    "people:end_sessions": button(_ADMINISTER, named=PERSON),
    "people:reset_second_factor": button(_ADMINISTER, named=PERSON),
    "people:unlock": button(_ADMINISTER, named=PERSON),
    "people:password_link": button(_ADMINISTER, named=PERSON),
    "people:delete": form(_ADMINISTER, named=PERSON),
    "certificates:index": page(_VIEW),
    "certificates:detail": page(_VIEW, named=CERTIFICATE),
    "certificates:upload": form(_PUBLISH),
    "certificates:hand_over": page(_VIEW, named=CERTIFICATE),
    "certificates:replace": form(_PUBLISH, named=CERTIFICATE),
    "certificates:confirm": form(_PUBLISH, named=CERTIFICATE),
    "certificates:tries": form(_PUBLISH, named=CERTIFICATE, method="post"),
    "certificates:discard": button(_PUBLISH, named=CERTIFICATE),
    "certificates:go_on": button(_PUBLISH, named=CERTIFICATE),
    "certificates:put_back": button(_PUBLISH, named=CERTIFICATE),
    "certificates:rules": form(_PUBLISH, named=CERTIFICATE),
    "certificates:receipt": page(_VIEW, named=CERTIFICATE, more=(("number", RECEIPT),)),
    "certificates:receipt_file": page(_VIEW, named=CERTIFICATE, more=(("number", RECEIPT),)),
    "certificates:destroy": form(_PUBLISH, named=CERTIFICATE, more=(("number", "1"),)),
    "certificates:roll_back": form(_PUBLISH, named=CERTIFICATE, method="post"),
    "certificates:history": page(_VIEW, named=CERTIFICATE),
    "certificates:delete": form(_PUBLISH, named=CERTIFICATE),
    **{
        f"{kind}:{page_name}": address
        for kind, named in (("certificates", CERTIFICATE), ("server_certificates", SERVER_CERTIFICATE))
        for page_name, address in (
            ("export", page(_VIEW)),
            ("removal", form(_PUBLISH)),
            ("replacement", form(_PUBLISH)),
            ("request", form(_PUBLISH)),
            ("pending", page(_PUBLISH, named=named)),
            ("request_file", page(_PUBLISH, named=named, method="post")),
            ("answer", button(_PUBLISH, named=named)),
            ("discard_request", form(_PUBLISH, named=named)),
            ("watch", form(_PUBLISH)),
            ("acme", form(_PUBLISH)),
            ("unwatch", form(_PUBLISH, named=named)),
            ("public_file", page(_VIEW, named=named, more=(("file", "certificate.pem"),))),
        )
    },
    "server_certificates:index": page(_VIEW),
    "server_certificates:detail": page(_VIEW, named=SERVER_CERTIFICATE),
    "server_certificates:upload": form(_PUBLISH),
    "server_certificates:replace": form(_PUBLISH, named=SERVER_CERTIFICATE),
    "server_certificates:confirm": form(_PUBLISH, named=SERVER_CERTIFICATE),
    "server_certificates:tries": form(_PUBLISH, named=SERVER_CERTIFICATE, method="post"),
    "server_certificates:discard": button(_PUBLISH, named=SERVER_CERTIFICATE),
    "server_certificates:go_on": button(_PUBLISH, named=SERVER_CERTIFICATE),
    "server_certificates:put_back": button(_PUBLISH, named=SERVER_CERTIFICATE),
    "server_certificates:rules": form(_PUBLISH, named=SERVER_CERTIFICATE),
    "server_certificates:receipt": page(_VIEW, named=SERVER_CERTIFICATE, more=(("number", SERVER_RECEIPT),)),
    "server_certificates:receipt_file": page(_VIEW, named=SERVER_CERTIFICATE, more=(("number", SERVER_RECEIPT),)),
    "server_certificates:destroy": form(_PUBLISH, named=SERVER_CERTIFICATE, more=(("number", "1"),)),
    "server_certificates:roll_back": form(_PUBLISH, named=SERVER_CERTIFICATE, method="post"),
    "server_certificates:history": page(_VIEW, named=SERVER_CERTIFICATE),
    "server_certificates:delete": form(_PUBLISH, named=SERVER_CERTIFICATE),
    "authorities:index": page(_VIEW),
    "authorities:upload": form(_PUBLISH),
    "authorities:detail": page(_VIEW, named=AUTHORITY),
    "authorities:download": page(_VIEW, named=AUTHORITY),
    "authorities:replace": form(_PUBLISH, named=AUTHORITY),
    "authorities:confirm": form(_PUBLISH, named=AUTHORITY),
    "authorities:tries": form(_PUBLISH, named=AUTHORITY, method="post"),
    "authorities:discard": button(_PUBLISH, named=AUTHORITY),
    "authorities:roll_back": form(_PUBLISH, named=AUTHORITY, method="post"),
    "authorities:receipt": page(_VIEW, named=AUTHORITY, more=(("number", AUTHORITY_RECEIPT),)),
    "authorities:receipt_file": page(_VIEW, named=AUTHORITY, more=(("number", AUTHORITY_RECEIPT),)),
    "authorities:history": page(_VIEW, named=AUTHORITY),
    "authorities:delete": form(_PUBLISH, named=AUTHORITY),
    "apis:index": page(_VIEW),
    "apis:detail": page(_VIEW, named=API),
    "apis:operations": page(_VIEW, named=API),
    "apis:callers": form(_VIEW, named=API, posts=_PUBLISH),
    "apis:calls": form(_VIEW, named=API, posts=_PUBLISH),
    "apis:policy": form(_VIEW, posts=_PUBLISH, named=API),
    "apis:policy_check": button(_PUBLISH, named=API),
    "apis:policy_add": form(_PUBLISH, named=API, more=(("statement", "set-header"),)),
    "apis:operation_policy": form(_VIEW, posts=_PUBLISH, named=API, operation="everything"),
    "apis:operation_policy_check": button(_PUBLISH, named=API, operation="everything"),
    "apis:operation_policy_add": form(_PUBLISH, named=API, operation="everything", more=(("statement", "rewrite-uri"),)),
    "policies:service": form(_VIEW, posts=_PUBLISH),
    "policies:service_check": button(_PUBLISH),
    "policies:service_add": form(_PUBLISH, more=(("statement", "ip-filter"),)),
    "named_values:index": page(_VIEW),
    "named_values:new": form(_PUBLISH),
    "named_values:detail": form(_VIEW, posts=_PUBLISH, named=NAMED_VALUE),
    "named_values:show": form(_PUBLISH, named=NAMED_VALUE, method="post"),
    "named_values:history": page(_VIEW, named=NAMED_VALUE),
    "named_values:delete": form(_PUBLISH, named=NAMED_VALUE),
    "apis:new": form(_PUBLISH),
    "apis:import": form(_PUBLISH),
    "apis:import_into": form(_PUBLISH, named=API),
    "apis:export": page(_VIEW, named=API),
    "apis:settings": form(_VIEW, named=API, posts=_PUBLISH),
    "apis:operation_new": form(_PUBLISH, named=API),
    "apis:operation": form(_PUBLISH, named=API, operation="everything"),
    "apis:operation_delete": form(_PUBLISH, named=API, operation="everything"),
    "apis:security": form(_VIEW, named=API, posts=_PUBLISH),
    "apis:policy_preview": button(_PUBLISH, named=API),
    "apis:test_new": button(_PUBLISH),
    "apis:test_connection": button(_PUBLISH, named=API),
    "apis:export_list": page(_VIEW),
    "apis:removal": form(_PUBLISH),
    "apis:certificate_suggestions": page(_PUBLISH),
    "apis:authority_suggestions": page(_PUBLISH),
    "apis:console": form(_PUBLISH, named=API),
    "apis:history": page(_VIEW, named=API),
    "apis:policy_history": page(_VIEW, named=API),
    "apis:console_call": page(_PUBLISH, named=API, more=(("trace", TRACE),)),
    "apis:delete": form(_PUBLISH, named=API),
    "moving:of_entry": form(_PUBLISH, named=CERTIFICATE),
    "moving:new": form(_PUBLISH),
    "moving:move": form(_PUBLISH, more=(("move_id", MOVE),)),
    "moving:tries": form(_PUBLISH, more=(("move_id", MOVE),), method="post"),
    "moving:discard": button(_PUBLISH, more=(("move_id", MOVE),)),
    "backends:index": page(_VIEW),
    "backends:new": form(_PUBLISH),
    "backends:test_new": button(_PUBLISH),
    "backends:suggestions": page(_PUBLISH),
    "backends:detail": page(_VIEW, named=BACK_END),
    "backends:edit": form(_PUBLISH, named=BACK_END),
    "backends:test_connection": button(_PUBLISH, named=BACK_END),
    "backends:state": page(_VIEW, named=BACK_END),
    "backends:history": page(_VIEW, named=BACK_END),
    "backends:delete": form(_PUBLISH, named=BACK_END),
    "subscriptions:index": page(_VIEW),
    "subscriptions:detail": page(_VIEW, named=SUBSCRIPTION),
    "subscriptions:new": form(_PUBLISH),
    "subscriptions:scope_suggestions": page(_PUBLISH),
    "subscriptions:export_list": page(_VIEW),
    "subscriptions:suspension": form(_PUBLISH),
    "subscriptions:removal": form(_PUBLISH),
    "subscriptions:keys": form(_PUBLISH, named=SUBSCRIPTION, method="post"),
    "subscriptions:regenerate": form(_PUBLISH, named=SUBSCRIPTION, method="post"),
    "subscriptions:suspend": form(_PUBLISH, named=SUBSCRIPTION),
    "subscriptions:activate": button(_PUBLISH, named=SUBSCRIPTION),
    "subscriptions:history": page(_VIEW, named=SUBSCRIPTION),
    "subscriptions:delete": form(_PUBLISH, named=SUBSCRIPTION),
    "gateways:index": page(_VIEW),
    "gateways:live": page(_VIEW, more=(("kind", "api"), ("pk", "1"))),
    "gateways:failed_calls": page(_VIEW),
    "gateways:failed_call": page(_VIEW, more=(("activity_id", ACTIVITY_ID),)),
    "timeline:index": page(_VIEW),
    "doctor:index": page(_VIEW),
    "sources:index": page(_VIEW),
    "failures:index": page(_VIEW),
    "failures:call": page(_VIEW, more=(("activity_id", ACTIVITY_ID),)),
    "gateways:enrol": form(_ADMINISTER),
    "gateways:remove": form(_ADMINISTER, named=GATEWAY),
    "notices:index": page(_ADMINISTER),
    "configuration:index": page(_ADMINISTER),
    "configuration:download": button(_ADMINISTER),
    "configuration:import": button(_ADMINISTER),
    "notices:schedule": button(_ADMINISTER),
    "notices:alerts": button(_ADMINISTER),
    "notices:new": form(_ADMINISTER),
    "notices:channel": form(_ADMINISTER, named=CHANNEL),
    "notices:test": button(_ADMINISTER, named=CHANNEL),
    "notices:delete": form(_ADMINISTER, named=CHANNEL),
    "notices:acknowledge": button(_PUBLISH),
    "notices:contacts": form(_PUBLISH, named=CERTIFICATE, more=(("kind", "client"),)),
    "notices:remove": button(_PUBLISH, named=CERTIFICATE, more=(("kind", "client"),)),
    "rest:index": page(_VIEW),
    "rest:new": form(_ADMINISTER),
    "rest:revoke": form(_ADMINISTER, more=(("identifier", ACCESS),)),
    "rest:keys": form(_ADMINISTER, more=(("identifier", ACCESS),), method="post"),
    "rest:regenerate": form(_ADMINISTER, more=(("identifier", ACCESS),)),
}
# Told apart elsewhere: leaving is open to all who came in; Django admin in test_admin_access.py; what is there for some only in
# tests/signin.
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
    for entry, number in ((make_certificate(CERTIFICATE), RECEIPT), (make_server_certificate(SERVER_CERTIFICATE), SERVER_RECEIPT)):
        make_candidate(entry)
        make_receipt(entry, int(number))
    make_signing_request(CERTIFICATE)
    make_signing_request(SERVER_CERTIFICATE, kind=Kind.SERVER)
    make_subscription(SUBSCRIPTION, api=(api := make_api(API)))
    make_tested_call(TRACE, api=api, person=make_person(PERSON))
    make_move(int(MOVE))
    make_failed_call(ACTIVITY_ID, gateway=make_gateway(GATEWAY).name)
    make_shared_access(ACCESS)
    make_authority_receipt(authority := make_authority(AUTHORITY), int(AUTHORITY_RECEIPT))
    make_authority_candidate(authority)
    make_back_end(BACK_END, "http://shop.example.com")  # of which there is nothing to ask the gateway
    make_channel(CHANNEL)
    make_named_value(NAMED_VALUE, "hidden", secret=True)
    make_invitation("newcomer", token=INVITATION)
