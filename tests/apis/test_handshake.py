"""Does a back end ask for a client certificate? Seen by the portal itself, of real servers, and told by the connection test."""

from __future__ import annotations

import dataclasses
import ssl
from collections.abc import Callable
from ipaddress import ip_network

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from apis import actions, connection
from apis.gateway_call import Answer
from apis.handshake.of_backend import asks_for_certificate
from apis.models import Api, Credentials
from apis.policy.model import Backend as Place
from apis.policy.model import Trust
from kit.issuing import Issued, issue
from kit.ports import free_ports
from tests.gateway.backends import Backend
from tests.gateway.foreign import Apache
from tests.makers import make_api, make_certificate

pytestmark = pytest.mark.any_database

AUTHORITY = issue("Test authority", authority=True)
SERVER = issue("backend", by=AUTHORITY, hosts=("localhost", "127.0.0.1"))
LOOPBACK = (ip_network("127.0.0.0/8"),)


def place(port: int, *, older_servers: bool = False) -> Place:
    return Place(scheme="https", host="localhost", port=port, path="", trust=Trust(), older_servers=older_servers)


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("accepts", [AUTHORITY, None], ids=["asks", "does not"])
@pytest.mark.parametrize("older_servers", [False, True])
def test_it_is_seen_whether_a_back_end_asks(newest: ssl.TLSVersion, accepts: Issued | None, older_servers: bool) -> None:
    with Backend(SERVER, accepts, newest=newest) as running:
        assert asks_for_certificate(place(running.port, older_servers=older_servers), allowed=LOOPBACK) is (accepts is not None)
        assert running.calls == []


def test_apaches_six_ways_are_told_apart() -> None:
    with Apache(SERVER, AUTHORITY) as running:
        asked = [asks_for_certificate(place(port), allowed=LOOPBACK) for port in running.ports]
    assert asked == [False, False, True, False, True, False]


def test_where_nothing_can_be_seen_nothing_is_said() -> None:
    (free,) = free_ports(1)
    assert asks_for_certificate(place(free), allowed=LOOPBACK) is None
    with Backend() as plain:
        assert asks_for_certificate(place(plain.port), allowed=LOOPBACK) is None
    with Backend(SERVER, AUTHORITY) as running:
        assert asks_for_certificate(place(running.port), allowed=()) is None  # it may not be called


@pytest.fixture
def secured(settings: Settings, db: None) -> Callable[..., Api]:
    """Return what stores an API with a certificate, whose back end is at a port of this machine."""
    settings.ALLOWED_BACKEND_NETWORKS = LOOPBACK

    def secured(port: int, *, asks_later: bool = False) -> Api:
        api = make_api("orders", service_url=f"https://127.0.0.1:{port}")
        chosen = actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=make_certificate())
        return actions.secure_api(api, dataclasses.replace(chosen, asks_later=asks_later), by=None, now=timezone.now())

    return secured


def said(api: Api) -> connection.Trial:
    answered = Answer(status=200, reason="OK", headers=(), content=b"", cut=False, milliseconds=1)
    return connection.explain(api, answered)


def test_the_certificate_counts_as_shown_only_where_it_was_asked_for(secured: Callable[..., Api]) -> None:
    with Backend(SERVER, AUTHORITY) as running:
        trial = said(secured(running.port))
    assert (trial.kind, str(trial.words)) == ("good", "The back end was reached with the client certificate and answered 200.")


def test_a_back_end_that_does_not_ask_is_said_to_have_got_none_and_why(secured: Callable[..., Api]) -> None:
    with Backend(SERVER) as running:
        trial = said(secured(running.port))
    assert (trial.kind, "but without the client certificate: it does not ask for one" in str(trial.words)) == ("warn", True)
    assert ["asks for the certificate later" in str(hint.text) for hint in trial.hints] == [True]


def test_of_a_back_end_that_asks_later_neither_is_claimed(secured: Callable[..., Api]) -> None:
    with Backend(SERVER) as running:
        trial = said(secured(running.port, asks_later=True))
    assert (trial.kind, "whether it did later, for this path, the gateway does not tell" in str(trial.words)) == ("good", True)


def test_of_a_back_end_that_the_portal_does_not_reach_neither_is_claimed(secured: Callable[..., Api]) -> None:
    trial = said(secured(free_ports(1)[0]))
    assert (trial.kind, "Whether it asked for the client certificate is not known" in str(trial.words)) == ("good", True)
