"""What is open of a deleted API or a replaced certificate ends within the drain time; nothing else does."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from types import TracebackType
from typing import Self

import pytest
from django.utils import timezone

from apis import actions
from apis.models import Api, Credentials
from certificates import actions as certificate_actions
from certificates.models import ClientCertificate
from gateway.agent.draining import Draining, NotAllowed
from gateway.marks import api_of, mark_of
from kit.issuing import Issued, issue
from portal.activity import last_line
from tests.gateway.dripping import Dripping
from tests.gateway.foreign import Nginx
from tests.gateway.plant import Plant, eventually
from tests.gateway.websockets import WebSocket, WebSocketServer
from tests.makers import make_api, make_certificate

pytestmark = pytest.mark.any_database

_DRAIN_SECONDS = 3.0
_WITHIN_SECONDS = 30  # a machine may be busy
Secure = Callable[..., Api]


@pytest.fixture(scope="module")
def impatient_gateway(django_db_setup: None) -> Iterator[Plant]:
    """Return a gateway that ends what is open after a few seconds, without an xDS process."""
    plant = Plant()
    plant.start("gateway", "run", GATEWAY_DRAIN_SECONDS=str(_DRAIN_SECONDS))
    yield plant
    plant.end_all()


@pytest.fixture
def impatient(impatient_gateway: Plant, transactional_db: None) -> Iterator[Plant]:
    """Return the same with the xDS process on the tests' database."""
    impatient_gateway.serve()
    yield impatient_gateway
    impatient_gateway.end("xds")


@pytest.fixture(scope="module")
def front(server_certificate: Issued, authority: Issued) -> Iterator[Nginx]:
    """Return an nginx that demands a client certificate, offers HTTP/2, and has WebSockets below `/ws` and an endless answer at `/drip`."""
    upgrades = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;"
    with WebSocketServer() as echo, Dripping() as drip:
        places = (
            f"location /ws {{ proxy_pass http://127.0.0.1:{echo.port}; {upgrades} }}"
            f"location /drip {{ proxy_pass http://127.0.0.1:{drip.port}; proxy_buffering off; }}"
        )
        with Nginx(server_certificate, server=places, accepts=authority) as running:
            yield running


@pytest.fixture
def publish(impatient: Plant, front: Nginx, authority: Issued) -> Secure:
    """Return what publishes an API without a key that presents a certificate, and waits until it answers."""

    def publish(name: str, certificate: ClientCertificate) -> Api:
        api = make_api(name, service_url=f"https://localhost:{front.port}")
        chosen = actions.ApiSettings(display_name=name, service_url=api.service_url, path=name, subscription_required=False)
        actions.change_api(api, chosen, by=None, now=timezone.now())
        secured = actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=certificate, trusted_ca=authority.pem)
        api.refresh_from_db()
        actions.secure_api(api, secured, by=None, now=timezone.now())
        eventually(lambda: impatient.call(f"/{name}/x").status == 200)
        eventually(partial(impatient.applied, last_line()))
        return api

    return publish


class Download:
    """An answer that goes on and on."""

    def __init__(self, plant: Plant, name: str) -> None:
        """Begin."""
        self._calling = http.client.HTTPConnection("127.0.0.1", plant.port, timeout=_WITHIN_SECONDS)
        self._calling.request("GET", f"/{name}/drip")
        self._answer = self._calling.getresponse()
        assert self._answer.status == 200

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Hang up."""
        self._answer.close()
        self._calling.close()

    def goes_on(self) -> bool:
        """Read what comes next; return whether there is something."""
        try:
            return bool(self._answer.read1(1))
        except (OSError, http.client.HTTPException):
            return False

    def lasts(self) -> float:
        """Read to the end; return how many seconds that took."""
        began = time.monotonic()
        while self.goes_on():
            assert time.monotonic() - began < _WITHIN_SECONDS, "It does not end."
        return time.monotonic() - began


def lasts(one: WebSocket) -> float:
    """Keep speaking until the other side hangs up; return how many seconds that took."""
    began = time.monotonic()
    while one.say("still there?") is not None:
        assert time.monotonic() - began < _WITHIN_SECONDS, "It does not end."
        time.sleep(0.05)
    return time.monotonic() - began


def _delete(api: Api, _certificate: ClientCertificate, _authority: Issued) -> None:
    actions.delete_api(api, by=None, now=timezone.now())


def _switch(_api: Api, certificate: ClientCertificate, authority: Issued) -> None:
    certificate_actions.replace(certificate, issue("renewed", by=authority).as_pfx(), by=None, now=timezone.now())


@pytest.mark.parametrize("change", [_delete, _switch])
def test_websockets_and_downloads_end_within_the_drain_time_and_those_of_others_go_on(
    impatient: Plant, publish: Secure, authority: Issued, change: Callable[[Api, ClientCertificate, Issued], None]
) -> None:
    certificate = make_certificate("changed", issue("client", by=authority))
    api = publish("changed", certificate)
    publish("stays", make_certificate("other", issue("other", by=authority)))
    with (
        WebSocket(impatient.port, "/changed/ws") as ended,
        WebSocket(impatient.port, "/stays/ws") as stays,
        Download(impatient, "changed") as download,
        Download(impatient, "stays") as others,
    ):
        assert (ended.say("hello"), stays.say("hello")) == ("hello", "hello")
        assert download.goes_on()
        change(api, certificate, authority)
        eventually(partial(impatient.applied, last_line()))
        assert ended.say("in the drain time") == "in the drain time"
        assert download.goes_on()
        assert lasts(ended) > _DRAIN_SECONDS / 2
        download.lasts()
        assert stays.say("still there") == "still there"
        assert others.goes_on()


def test_what_begins_after_a_switch_is_not_ended(impatient: Plant, publish: Secure, authority: Issued) -> None:
    certificate = make_certificate("changed", issue("client", by=authority))
    api = publish("changed", certificate)
    with WebSocket(impatient.port, "/changed/ws") as before:
        assert before.say("hello") == "hello"
        _switch(api, certificate, authority)
        eventually(partial(impatient.applied, last_line()))
        with WebSocket(impatient.port, "/changed/ws") as after:
            assert after.say("hello") == "hello"
            lasts(before)
            time.sleep(_DRAIN_SECONDS)
            assert after.say("still there") == "still there"


def test_a_change_of_something_else_ends_nothing(impatient: Plant, publish: Secure, authority: Issued) -> None:
    api = publish("changed", make_certificate("changed", issue("client", by=authority)))
    with WebSocket(impatient.port, "/changed/ws") as open_one:
        assert open_one.say("hello") == "hello"
        api.refresh_from_db()
        chosen = actions.ApiCalls(connect_seconds=17)
        actions.change_calls(api, chosen, by=None, now=timezone.now())
        eventually(partial(impatient.applied, last_line()))
        time.sleep(_DRAIN_SECONDS + 3)
        assert open_one.say("still there") == "still there"


def test_a_certificate_that_comes_back_in_time_ends_nothing(impatient: Plant, publish: Secure, authority: Issued) -> None:
    certificate = make_certificate("changed", issue("client", by=authority))
    api = publish("changed", certificate)
    with WebSocket(impatient.port, "/changed/ws") as open_one:
        assert open_one.say("hello") == "hello"
        _switch(api, certificate, authority)
        eventually(partial(impatient.applied, last_line()))
        certificate_actions.roll_back(certificate, version=1, by=None, now=timezone.now())
        eventually(partial(impatient.applied, last_line()))
        time.sleep(_DRAIN_SECONDS + 3)
        assert open_one.say("still there") == "still there"


def test_marks_tell_apis_and_connections_apart() -> None:
    marks = {mark_of(api, connection) for api in (1, 2, 131_071) for connection in (b"one", b"another")}
    assert len(marks) == 6
    assert {api_of(mark or 0) for mark in marks} == {1, 2, 131_071}
    assert mark_of(131_072, b"one") is None
    assert [api_of(mark) for mark in (0, -1, 16384)] == [None, None, None]


def test_where_the_system_does_not_let_sockets_be_had_it_says_so() -> None:
    script = (
        "import ctypes, os, sys\n"
        "from gateway.agent.draining import Draining, NotAllowed\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "try:\n"
        "    Draining(0, lambda _: 'changed').look(int(sys.argv[1]), now=0)\n"
        "except NotAllowed as refusal:\n"
        "    print(refusal)\n"
    )
    if os.getuid():
        with pytest.raises(NotAllowed):
            Draining(0, lambda _: "changed").look(1, now=0)
        return
    said = subprocess.run([sys.executable, "-c", script, str(os.getpid())], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "Operation not permitted"
