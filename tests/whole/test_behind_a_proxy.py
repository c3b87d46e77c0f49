"""Portal and gateway behind the servers that the README shows, and callers that only speak HTTP/1.0."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import subprocess
from collections.abc import Iterator

import pytest

from kit.issuing import Issued, issue
from tests import debian
from tests.gateway.backends import Backend
from tests.gateway.gateways import KEY, Gateway, policy
from tests.processes import Portal
from tests.whole.fronts import FRONTS, GATEWAY_NAME, PORTAL_NAME, Front, Running, start


@pytest.fixture(scope="module")
def certificates() -> dict[str, Issued]:
    return {name: issue(name, hosts=(name,)) for name in (PORTAL_NAME, GATEWAY_NAME)}


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    settings = {"PORTAL_BEHIND_TLS_PROXY": "1", "PORTAL_ALLOWED_HOSTS": PORTAL_NAME}
    with Portal(tmp_path_factory.mktemp("behind") / "home", extra_environment=settings) as running:
        yield running


@pytest.fixture(scope="module")
def back_end() -> Iterator[Backend]:
    with Backend() as running:
        yield running


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, back_end: Backend) -> Iterator[Gateway]:
    running = Gateway(tmp_path_factory.mktemp("gateway"), trusted_proxies=1)
    running.publish(policy(1, "orders", port=back_end.port, scheme="http", presents=False))
    yield running
    running.stop()


@pytest.fixture(scope="module", params=FRONTS, ids=lambda front: front.language)
def front(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    certificates: dict[str, Issued],
    portal: Portal,
    gateway: Gateway,
) -> Iterator[Running]:
    kind: Front = request.param
    portal_port = int(portal.url.rpartition(":")[2])
    running = start(kind, tmp_path_factory.mktemp(kind.language), certificates, portal=portal_port, gateway=gateway.port)
    yield running
    running.stop()


class _Connection(http.client.HTTPSConnection):
    """A connection to this machine under another name."""

    def __init__(self, name: str, port: int, certificate: Issued) -> None:
        context = ssl.create_default_context(cadata=certificate.pem)
        super().__init__(name, port, context=context, timeout=30)
        self._trust = context

    def connect(self) -> None:
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        self.sock = self._trust.wrap_socket(plain, server_hostname=self.host)


def ask(front: Running, name: str, certificates: dict[str, Issued], target: str, headers: dict[str, str] | None = None) -> tuple[int, str]:
    connection = _Connection(name, front.port, certificates[name])
    try:
        connection.request("GET", target, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_the_sign_in_page_is_there(front: Running, certificates: dict[str, Issued]) -> None:
    status, page = ask(front, PORTAL_NAME, certificates, "/accounts/login/")
    assert status == 200
    assert 'name="password"' in page


def test_a_call_arrives_with_the_callers_address_and_its_path_as_it_came(front: Running, certificates: dict[str, Issued]) -> None:
    lies = {"X-Forwarded-For": "192.0.2.66", "X-Forwarded-Host": "evil", "Forwarded": "for=evil", "client_id": "1"}
    target = "/orders/group%2Fname//a%5Cb?q=%2F"
    status, body = ask(front, GATEWAY_NAME, certificates, target, {"Ocp-Apim-Subscription-Key": KEY, **lies})
    assert status == 200, body
    arrived = json.loads(body)
    headers = dict(arrived["headers"])
    assert arrived["target"] == target.removeprefix("/orders")
    assert headers["x-forwarded-for"].split(",")[0].strip() == "127.0.0.1"
    assert headers["x-forwarded-host"].partition(":")[0] == GATEWAY_NAME
    assert headers["x-forwarded-proto"] == "https"
    assert "evil" not in body
    assert headers["client_id"] == "1"


def test_what_the_gateway_refuses_comes_through_in_its_words(front: Running, certificates: dict[str, Issued]) -> None:
    status, body = ask(front, GATEWAY_NAME, certificates, "/orders/1")
    assert (status, json.loads(body)["statusCode"]) == (401, 401)


def test_apache_bench_gets_all_its_answers_over_http_1_0(gateway: Gateway) -> None:
    program = debian.program("ab")
    url = f"http://127.0.0.1:{gateway.port}/orders/1"
    told = subprocess.run(
        [program, "-n", "200", "-c", "8", "-k", "-l", "-H", f"Ocp-Apim-Subscription-Key: {KEY}", url],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "Complete requests:      200" in told
    assert "Failed requests:        0" in told
    assert "Non-2xx responses" not in told
