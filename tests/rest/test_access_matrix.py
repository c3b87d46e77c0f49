"""Who may call what: every address of the REST API, every verb, every kind of caller. A new address without an entry fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from portal.roles import VIEWERS
from rest import actions
from tests.makers import make_api, make_authority, make_certificate, make_server_certificate, make_subscription
from tests.portal.every_page import Open
from tests.rest.conftest import VERSION, S, token_for

pytestmark = pytest.mark.any_database

VERBS = ("GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "OPTIONS")
_VIEW, _PUBLISH = Open.VIEWERS, Open.PUBLISHERS


@dataclass(frozen=True)
class Entity:
    """An address: to whom reading and writing are open, and with which verbs. No verb at all: nothing is there, to nobody."""

    path: str
    reads: tuple[str, ...] = ("GET", "HEAD")
    writes: tuple[str, ...] = ()
    version: str = VERSION
    to_anybody: bool = False
    closed: bool = False  # to whoever is known, whatever they send

    @property
    def address(self) -> str:
        return f"/management{self.path}?api-version={self.version}"


_ALL, _WHOLE = ("PUT", "PATCH", "DELETE"), ("PUT", "DELETE")
_DIRECT = "2017-03-01"
_GROUP = S.partition("/providers/")[0]
_DEPLOYMENTS = f"{_GROUP}/providers/Microsoft.Resources/deployments"

_READ: tuple[str, ...] = ("GET", "HEAD")
# What stands below an entry of each kind, and below those that hold keys.
LIFE: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("versions", _READ, ()),
    ("rollBack", (), ("POST",)),
    ("candidate", _READ, _WHOLE),
    ("candidate/try", (), ("POST",)),
    ("candidate/confirm", (), ("POST",)),
    ("receipts", _READ, ()),
    ("receipts/1", _READ, ()),
)
LIFE_OF_KEYS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("versions/1/destroyKey", (), ("POST",)),
    ("source", _READ, _WHOLE),
    ("request", (), (*_READ, *_WHOLE)),  # as its page: to whoever may change entries
    ("request/answer", (), ("POST",)),
    ("rules", _READ, ("PUT",)),
    ("contacts", _READ, ("PUT",)),
    ("probation", _READ, ()),
    ("probation/goOn", (), ("POST",)),
    ("probation/putBack", (), ("POST",)),
)
# Of client certificates alone; as the pages, to whoever may change APIs.
MOVES: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("moves", (), (*_READ, "POST")),
    ("moves/1", (), (*_READ, "DELETE")),
    ("moves/1/try", (), ("POST",)),
    ("moves/1/confirm", (), ("POST",)),
)

# What is told of; as the page, to whoever may change certificates.
NOTICES: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("notices", (), _READ),
    ("notices/client:1", (), _READ),
    ("notices/client:1/acknowledge", (), ("POST",)),
    ("notices/client:1/resume", (), ("POST",)),
)

ENTITIES = [
    Entity("/openapi.json", to_anybody=True),
    Entity(S),
    Entity(S.rpartition("/")[0]),
    Entity(f"{S}/certificates"),
    Entity(f"{S}/certificates/there", writes=_WHOLE),
    Entity(f"{S}/certificates/there/refreshSecret", reads=(), writes=("POST",)),
    Entity(f"{S}/apis"),
    Entity(f"{S}/apis/there", writes=_ALL),
    Entity(f"{S}/apis/there/operations"),
    Entity(f"{S}/apis/there/operations/everything", writes=_ALL),
    Entity(f"{S}/apis/there/policies"),
    Entity(f"{S}/apis/there/policies/policy", writes=_WHOLE),
    Entity(f"{S}/apis/there/revisions"),
    Entity(f"{S}/apis/there/operations/everything/policies"),
    Entity(f"{S}/apis/there/operations/everything/policies/policy", writes=_WHOLE),
    Entity(f"{S}/policies"),
    Entity(f"{S}/policies/policy", writes=_WHOLE),
    Entity(f"{S}/apis/there/schemas"),
    Entity(f"{S}/apis/there/schemas/some", writes=_ALL),
    Entity(f"{S}/apis/there/nothing/known", reads=()),
    Entity(f"{S}/subscriptions"),
    Entity(f"{S}/subscriptions/there", writes=_ALL),
    Entity(f"{S}/subscriptions/there/listSecrets", reads=(), writes=("POST",)),
    Entity(f"{S}/subscriptions/there/regeneratePrimaryKey", reads=(), writes=("POST",)),
    Entity(f"{S}/subscriptions/there/regenerateSecondaryKey", reads=(), writes=("POST",)),
    Entity(f"{S}/backends"),
    Entity(f"{S}/backends/there", writes=_ALL),
    Entity(f"{S}/backends/there/reconnect", reads=(), writes=("POST",)),
    Entity(f"{S}/namedValues"),
    Entity(f"{S}/namedValues/some", writes=_ALL),
    Entity(f"{S}/namedValues/some/listValue", reads=(), writes=("POST",)),
    Entity(f"{S}/namedValues/some/refreshSecret", reads=(), writes=("POST",)),
    Entity(f"{S}/properties"),
    Entity(f"{S}/properties/some", writes=_ALL),
    Entity(f"{S}/properties/some/listValue", reads=(), writes=("POST",)),
    Entity(f"{S}/loggers"),
    Entity(f"{S}/loggers/some", writes=_ALL),
    Entity(f"{S}/apis/there/operations/everything/tags"),
    Entity(f"{S}/apis/there/operations/everything/tags/some", writes=_ALL),
    *(
        Entity(f"{S}/{kind}/there/{below}", reads=reads, writes=writes)
        for kind in ("certificates", "serverCertificates")
        for below, reads, writes in (*LIFE, *LIFE_OF_KEYS)
    ),
    *(Entity(f"{S}/certificates/there/{below}", reads=reads, writes=writes) for below, reads, writes in MOVES),
    Entity(f"{S}/serverCertificates"),
    Entity(f"{S}/serverCertificates/there", writes=_WHOLE),
    Entity(f"{S}/trustedAuthorities"),
    Entity(f"{S}/trustedAuthorities/there", writes=_WHOLE),
    *(Entity(f"{S}/trustedAuthorities/there/{below}", reads=reads, writes=writes) for below, reads, writes in LIFE),
    *(Entity(f"{S}/{path}", reads=reads, writes=writes) for path, reads, writes in NOTICES),
    Entity(f"{S}/tenant/access", closed=True),
    Entity(f"{S}/tenant/access/listSecrets", closed=True),
    Entity(f"{S}/nothing", reads=()),
    Entity(_DEPLOYMENTS),
    Entity(f"{_DEPLOYMENTS}/there", writes=_WHOLE),
    Entity(f"{_DEPLOYMENTS}/there/validate", reads=(), writes=("POST",)),
    Entity(f"{_DEPLOYMENTS}/there/operations"),
    Entity("/certificates", version=_DIRECT),
    Entity("/certificates/there", writes=_WHOLE, version=_DIRECT),
    Entity("/nothing", reads=()),
    Entity("", reads=()),
]

# What clients ask for before they come to the service, to be looked at by whoever is known, or by anybody: tested in test_manager.
AROUND = [
    *("/management/metadata/endpoints", "/management/tenants", "/management/subscriptions", "/management/subscriptions/0000"),
    *("/management/subscriptions/0000/resourceGroups", f"/management{_GROUP}", "/management/exports/token", "/management"),
    "/management/subscriptions/0000/providers/Microsoft.ApiManagement",
    "/management/subscriptions/0000/providers/Microsoft.ApiManagement/deletedservices",
    *("/adfs/.well-known/openid-configuration", "/adfs/oauth2/token", "/adfs/else"),
]


def _routes(patterns: list[Any], before: str = "") -> Iterator[str]:
    for pattern in patterns:
        route = before + str(pattern.pattern).removeprefix("^" if before else "")
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, route)
        else:
            assert isinstance(pattern, URLPattern)
            yield route


def test_every_address_is_in_the_table() -> None:
    resolver = get_resolver("rest.calls")
    known = {resolver.resolve(path).route for path in (*(f"/management{entity.path}" for entity in ENTITIES), *AROUND)}
    assert known == set(_routes(resolver.url_patterns))


# Who calls: the token that is sent, and as whom it opens.
Caller = Callable[[User, User, User], tuple[str, Open]]


def _without_a_role() -> User:
    return User.objects.create_user("without-role")


def _deactivated(person: User) -> str:
    token = token_for(person)
    User.objects.filter(pk=person.pk).update(is_active=False)
    return token


def _revoked(person: User) -> str:
    made = actions.create_token(person, name="revoked", by=None, now=timezone.now())
    actions.revoke(made.row, by=None, now=timezone.now())
    return made.token.value.decode()


CALLERS: dict[str, Caller] = {
    "nobody": lambda *_: ("", Open.ANYBODY),
    "a wrong token": lambda *_: ("ppt_wrong", Open.ANYBODY),
    "a deactivated administrator": lambda _viewer, _publisher, administrator: (_deactivated(administrator), Open.ANYBODY),
    "a revoked token": lambda _viewer, _publisher, administrator: (_revoked(administrator), Open.ANYBODY),
    "an expired token": lambda _viewer, _publisher, administrator: (
        token_for(administrator, expires_at=timezone.now() - timedelta(seconds=1)),
        Open.ANYBODY,
    ),
    "somebody without a role": lambda *_: (token_for(_without_a_role()), Open.SIGNED_IN),
    "a viewer": lambda viewer, _publisher, _administrator: (token_for(viewer), _VIEW),
    "a publisher": lambda _viewer, publisher, _administrator: (token_for(publisher), _PUBLISH),
    "an administrator": lambda _viewer, _publisher, administrator: (token_for(administrator), Open.ADMINISTRATORS),
    "an administrator limited to looking": lambda _viewer, _publisher, administrator: (token_for(administrator, role=VIEWERS), _VIEW),
}

SEND_EVERYTHING = {"nobody", "a viewer", "a publisher", "an administrator", "an administrator limited to looking"}


def _verbs(who: str, number: int) -> tuple[str, ...]:
    """Return what is sent to the address with that number: every verb, or one in turn from whom none but 401 or 403 is due."""
    if who in SEND_EVERYTHING:
        return VERBS
    return (VERBS[(number + list(CALLERS).index(who)) % len(VERBS)],)


def _is_right(status: int, entity: Entity, verb: str, as_who: Open) -> bool:
    order = list(Open)
    if as_who == Open.ANYBODY and not entity.to_anybody:
        return status in {401, 429}  # after too many guesses
    if entity.closed:
        return status == 403
    if not entity.reads and not entity.writes:
        return status in {400, 404}
    if verb not in entity.reads + entity.writes:
        return status == 405
    needed = _PUBLISH if verb in entity.writes else _VIEW
    if entity.to_anybody or order.index(as_who) >= order.index(needed):
        return status < 500 and status not in {401, 403, 405}
    return status == 403


@pytest.mark.parametrize("who", CALLERS)
def test_every_address_takes_what_the_caller_may_send_and_no_more(who: str, viewer: User, publisher: User, administrator: User) -> None:
    make_api("there")
    make_certificate("there")
    make_server_certificate("there")
    make_authority("there")
    make_subscription("there")
    token, as_who = CALLERS[who](viewer, publisher, administrator)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    surprises = []
    for number, entity in enumerate(ENTITIES):
        for verb in _verbs(who, number):
            with transaction.atomic():
                status = Client().generic(verb, entity.address, b"", headers=headers).status_code
                transaction.set_rollback(True)
            if not _is_right(status, entity, verb, as_who):
                surprises.append(f"{verb} {entity.path}: {status}")
    assert surprises == []
