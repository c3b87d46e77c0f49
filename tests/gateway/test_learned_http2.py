"""Which back ends speak HTTP/2 is learned from a handshake, and how their calls are tried again follows, without a word from anybody."""

from __future__ import annotations

import http.client
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from apis import actions
from apis.models import Api, Credentials
from apis.policy.model import Protocol
from benchmarks.numbered import make_calls
from gateway.agent.supervisor import ADMIN_SOCKET
from kit.issuing import Issued
from tests.gateway.foreign import Nginx
from tests.gateway.plant import Plant, eventually
from tests.makers import make_api, make_subscription

pytestmark = pytest.mark.any_database


@pytest.fixture(scope="module")
def hasty(server_certificate: Issued) -> Iterator[Nginx]:
    """Return an nginx that speaks HTTP/2 and renews its connections all the time."""
    with Nginx(server_certificate, server="keepalive_requests 10;") as running:
        yield running


@pytest.fixture(scope="module")
def only_http1(server_certificate: Issued) -> Iterator[Nginx]:
    """Return an nginx that does not speak HTTP/2."""
    with Nginx(server_certificate, listen="ssl") as running:
        yield running


def add_api(port: int, authority: Issued) -> Api:
    api = make_api(service_url=f"https://localhost:{port}")
    return secure(api, authority)


def secure(api: Api, authority: Issued, protocol: Protocol = Protocol.AUTO) -> Api:
    chosen = actions.ApiSecurity(credentials=Credentials.NONE, trusted_ca=authority.pem, protocol=protocol)
    return actions.secure_api(api, chosen, by=None, now=timezone.now())


def key() -> str:
    keys = actions.show_keys(make_subscription(), by=None, now=timezone.now())
    return next(iter(keys.values())).value.decode()


def tries(plant: Plant) -> set[str]:
    """Return on what the API's calls are tried again, by what Envoy itself has."""
    routes = (one["route_config"] for one in configuration(plant.home).get("dynamic_route_configs", ()))
    hosts = [host for route in routes if route["name"] == "segment-orders" for host in route["virtual_hosts"]]
    actions_of = [route["route"] for host in hosts for route in host["routes"] if "route" in route]
    return {one.get("retry_policy", host["retry_policy"])["retry_on"] for host in hosts for one in actions_of}


def configuration(home: Path) -> Any:
    """Return the routes that Envoy's admin page shows."""
    calling = http.client.HTTPConnection("localhost")
    calling.sock = socket.socket(socket.AF_UNIX)
    calling.sock.connect(os.path.relpath(home / ADMIN_SOCKET))  # a socket's path may have no more than 107 bytes
    calling.request("GET", "/config_dump")
    found = json.loads(calling.getresponse().read())
    calling.close()
    return next(one for one in found["configs"] if one["@type"].endswith(".RoutesConfigDump"))


SAFE_TOO, NOT_BEGUN = {"refused-stream,reset", "refused-stream"}, {"refused-stream"}


def test_an_api_in_front_of_http2_loses_no_call_a_moment_after_it_was_added(plant: Plant, hasty: Nginx, authority: Issued) -> None:
    add_api(hasty.port, authority)
    allowed = key()
    eventually(lambda: tries(plant) == NOT_BEGUN)
    outcome = make_calls(plant.port, ["/orders/x"], callers=100, calls=2000, key=allowed)
    assert (outcome.calls, outcome.lost, outcome.words) == (2000, 0, {})


def test_how_calls_are_tried_again_follows_the_back_end_and_the_choice(
    plant: Plant, hasty: Nginx, only_http1: Nginx, authority: Issued
) -> None:
    api = add_api(only_http1.port, authority)
    eventually(lambda: tries(plant) == SAFE_TOO)
    to_http2 = actions.ApiSettings(display_name="Orders", service_url=f"https://localhost:{hasty.port}", path="orders")
    api = actions.change_api(api, to_http2, by=None, now=timezone.now())
    eventually(lambda: tries(plant) == NOT_BEGUN)
    api = secure(api, authority, Protocol.HTTP1)
    eventually(lambda: tries(plant) == SAFE_TOO)
    api = secure(api, authority, Protocol.AUTO)
    eventually(lambda: tries(plant) == NOT_BEGUN)  # it is still known
    api = secure(api, authority, Protocol.HTTP1)
    eventually(lambda: tries(plant) == SAFE_TOO)
    actions.change_calls(api, actions.ApiCalls(retry_calls=False), by=None, now=timezone.now())
    eventually(lambda: tries(plant) == NOT_BEGUN)
