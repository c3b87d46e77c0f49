"""Every call is counted once, by how it has ended: a real gateway's counts equal those of who has called it."""

from __future__ import annotations

import functools
import os
import random
import signal
import socket
import ssl
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db.models import Sum
from django.utils import timezone

from apis import actions
from apis.models import Api, Credentials, KeyKind
from certificates import actions as certificate_actions
from certificates.rollout.models import Receipt
from certificates.rollout.presented import calls_of
from gateway.counts import OUTCOMES, ApiCount, Counts, Span, TotalCount, VersionCount
from gateway.seeing.latencies import quantiles
from kit.issuing import Issued, issue
from kit.ports import free_ports
from portal.activity import last_line
from tests.gateway.backends import Backend
from tests.gateway.plant import Plant, eventually
from tests.makers import make_api, make_certificate, make_subscription

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_database]


def counted(table: type[Counts], span: Span = Span.DAY, **where: object) -> dict[str, int]:
    """Return the outcomes that are not nought."""
    sums = table._default_manager.filter(span=span, **where).aggregate(**{name: Sum(name, default=0) for name in OUTCOMES})
    return {name: number for name, number in sums.items() if number}


def added_to(before: dict[str, int]) -> dict[str, int]:
    """Return what all calls together have come to since."""
    now = Counter(counted(TotalCount))
    now.subtract(before)
    return {name: number for name, number in now.items() if number}


def comes_to(api: Api, **outcomes: int) -> None:
    """Wait until the calls of *api* are counted as these outcomes, and see that it stays so in minutes, hours and days."""
    until = time.monotonic() + 20
    while (now := counted(ApiCount, api=api)) != outcomes and time.monotonic() < until:
        time.sleep(0.1)
    assert now == outcomes
    for span in Span:
        assert counted(ApiCount, span, api=api) == outcomes


@pytest.fixture
def key(plant: Plant) -> str:
    """Return a key that opens all APIs."""
    return actions.show_keys(make_subscription(), by=None, now=timezone.now())[KeyKind.PRIMARY].value.decode()


@pytest.fixture
def orders(plant: Plant, backend: Backend, authority: Issued, client_certificate: Issued, key: str) -> Api:
    """Return an API that is live and presents a certificate."""
    api = make_api(service_url=f"https://localhost:{backend.port}")
    chosen = actions.ApiSecurity(
        credentials=Credentials.CLIENT_CERTIFICATE, certificate=make_certificate(issued=client_certificate), trusted_ca=authority.pem
    )
    live(plant, lambda: actions.secure_api(api, chosen, by=None, now=timezone.now()))
    api.refresh_from_db()
    return api


def live(plant: Plant, change: Callable[[], object]) -> None:
    """Make a change and wait until the gateway has applied it."""
    change()
    eventually(lambda: plant.applied(last_line()))
    time.sleep(0.3)  # what is called at the very moment of a switch may count for either version


def move(api: Api, backend: Backend) -> None:
    """Give *api* another back end."""
    chosen = actions.ApiSettings(display_name=api.display_name, service_url=f"https://localhost:{backend.port}", path=api.path)
    actions.change_api(api, chosen, by=None, now=timezone.now())


def test_each_call_is_counted_by_how_it_has_ended(plant: Plant, orders: Api, key: str) -> None:
    def call(target: str) -> int:
        return plant.call(f"/orders{target}", key=key).status

    assert call("/1") == 200
    comes_to(orders, ok=1)
    before = counted(TotalCount)  # of this Envoy, which other tests have called as well
    made = {200: 40, 201: 3, 304: 5, 404: 7, 400: 2, 403: 4, 500: 6, 503: 2, 495: 9}  # with the last, nginx refuses a certificate
    targets = [f"/status/{status}" for status, number in made.items() for _ in range(number)] + ["/drop"] * 8
    random.Random(1).shuffle(targets)  # noqa: S311 - the same order each time
    with ThreadPoolExecutor(8) as callers:
        answers = Counter(callers.map(call, targets))
    assert answers == {**made, 502: 8}
    assert [plant.call("/orders/1").status for _ in range(3)] == [401] * 3
    assert [plant.call("/elsewhere/1").status for _ in range(2)] == [404] * 2
    ended = {"redirected": 5, "client_error": 13, "server_error": 8, "no_answer": 8, "refused_certificate": 9}
    comes_to(orders, ok=44, gateway=3, **ended)
    assert added_to(before) == {"ok": 43, "gateway": 5, **ended}
    assert orders.certificate
    assert counted(VersionCount, version=orders.certificate.current, api=orders) == {"ok": 44, **ended}


def test_what_gets_no_answer_is_told_apart_from_what_is_answered_with_an_error(
    plant: Plant, orders: Api, backend: Backend, key: str
) -> None:
    for target in ("/1", "/1", "/status/503", "/drop", "/status/500"):
        plant.call(f"/orders{target}", key=key)
    unfinished = socket.create_connection(("127.0.0.1", plant.port))
    unfinished.sendall(f"GET /orders/slow/0.5 HTTP/1.1\r\nHost: x\r\nOcp-Apim-Subscription-Key: {key}\r\n\r\n".encode())
    eventually(lambda: any("slow" in call.target for call in backend.calls))
    unfinished.close()  # the caller is gone before the answer
    nothing_there = make_api("dead", service_url=f"http://127.0.0.1:{free_ports(1)[0]}")
    eventually(lambda: plant.call("/dead/1", key=key).status == 502)
    comes_to(orders, ok=2, server_error=2, no_answer=2)
    eventually(lambda: (now := counted(ApiCount, api=nothing_there)).get("no_answer") and "server_error" not in now)


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_refused_certificate_is_counted_as_that_under_each_version_of_tls(
    plant: Plant, orders: Api, server_certificate: Issued, authority: Issued, key: str, newest: ssl.TLSVersion
) -> None:
    strangers = issue("Strangers", authority=True)
    with Backend(server_certificate, strangers, newest=newest) as refusing:
        live(plant, lambda: move(orders, refusing))
        for _ in range(4):
            assert plant.call("/orders/1", key=key).status == 502
        comes_to(orders, refused_certificate=4)


def test_a_switch_loses_no_count_and_each_version_has_its_own(plant: Plant, orders: Api, authority: Issued, key: str) -> None:
    certificate = orders.certificate
    assert certificate
    first = certificate.current
    for _ in range(20):
        plant.call("/orders/1", key=key)
    following = issue("orders-client-2", by=authority)
    live(plant, lambda: certificate_actions.replace(certificate, following.as_pfx(), by=None, now=timezone.now()))
    eventually(lambda: plant.call("/orders/1", key=key).json["thumbprint"] == following.thumbprint)
    for _ in range(10):
        plant.call("/orders/1", key=key)
    eventually(lambda: counted(ApiCount, api=orders).get("ok", 0) >= 31)
    total = counted(ApiCount, api=orders)["ok"]
    certificate.refresh_from_db()
    assert counted(VersionCount, version=first) == {"ok": 20}
    assert counted(VersionCount, version=certificate.current) == {"ok": total - 20}
    calls = calls_of(Receipt.objects.get())
    assert (calls["first_with_new"] or {})["api"] == (calls["last_with_old"] or {})["api"] == "orders"


def test_under_load_a_switch_loses_no_count(plant: Plant, orders: Api, authority: Issued, key: str) -> None:
    certificate = orders.certificate
    assert certificate
    with plant.callers("/orders/1", key=key) as traffic:
        for number in range(3):
            pfx = issue(f"orders-client-{number}", by=authority).as_pfx()
            live(plant, functools.partial(certificate_actions.replace, certificate, pfx, by=None, now=timezone.now()))
    assert set(traffic.statuses) == {200}
    comes_to(orders, ok=len(traffic.calls))


def test_an_agent_a_control_plane_and_an_envoy_that_die_lose_no_more_than_they_must(plant: Plant, orders: Api, key: str) -> None:
    for _ in range(10):
        plant.call("/orders/1", key=key)
    before = plant.agents()
    for agent in before:
        os.kill(agent, signal.SIGKILL)
    for _ in range(10):
        plant.call("/orders/1", key=key)
    eventually(lambda: plant.agents() - before)
    plant.end("xds", how=signal.SIGKILL)
    for _ in range(10):
        plant.call("/orders/1", key=key)
    plant.start("xds")
    comes_to(orders, ok=30)
    envoys = plant.envoys()
    for envoy in envoys:
        os.kill(envoy, signal.SIGKILL)
    eventually(lambda: plant.envoys() - envoys and plant.is_ready())
    for _ in range(10):
        plant.call("/orders/1", key=key)
    comes_to(orders, ok=40)


def test_an_envoy_that_takes_over_doubles_no_count(plant: Plant, orders: Api, key: str) -> None:
    for _ in range(20):
        plant.call("/orders/1", key=key)
    comes_to(orders, ok=20)
    plant.hot_restart()
    for _ in range(15):
        plant.call("/orders/1", key=key)
    comes_to(orders, ok=35)


def test_latencies_are_those_that_callers_wait(plant: Plant, orders: Api, key: str) -> None:
    def call(seconds: str) -> float:
        began = time.monotonic()
        assert plant.call(f"/orders/slow/{seconds}", key=key).status == 200
        return 1000 * (time.monotonic() - began)

    with ThreadPoolExecutor(4) as callers:
        waited = sorted(callers.map(call, ["0.05"] * 90 + ["0.3"] * 10))
    comes_to(orders, ok=100)
    row = ApiCount.objects.get(api=orders, span=Span.DAY)
    assert sum(row.latencies.values()) == 100
    for share, slept in ((0.5, 50), (0.95, 300)):
        (told,) = quantiles(row.latencies, share)
        assert told is not None
        assert slept <= told <= 1.05 * waited[int(100 * share)] + 4  # callers' own work comes on top
