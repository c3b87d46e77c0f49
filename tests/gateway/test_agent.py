"""The agent beside Envoy: it keeps what is good, moves between control planes, and is nobody's single point of failure."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from apis import actions as api_actions
from apis.models import Api
from gateway import actions
from gateway.agent import envoys, kept
from gateway.control.enrolment import fingerprint_of
from gateway.models import FailedCall, Gateway
from kit.ports import free_ports
from portal.activity import last_line
from portal.activity.guards import TABLE, lifted
from portal.models import ActivityHead, Event
from tests.gateway.backends import Backend
from tests.gateway.plant import Plant, eventually
from tests.makers import lines, make_api

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_database]


@pytest.fixture
def still(transactional_db: None) -> Iterator[Plant]:
    """Return a place where nothing runs yet."""
    plant = Plant()
    yield plant
    plant.end_all()


@pytest.fixture
def here(still: Plant) -> Plant:
    """Return a control plane and a gateway on one machine."""
    still.start("gateway", "run")
    still.serve()
    return still


def _open_api(backend: Backend, name: str = "orders") -> Api:
    """Store an API that needs no key."""
    service_url = f"http://localhost:{backend.port}"
    api = make_api(name, service_url=service_url)
    chosen = api_actions.ApiSettings(display_name=name.title(), service_url=service_url, path=name, subscription_required=False)
    return api_actions.change_api(api, chosen, by=None, now=timezone.now())


def _is_live(change: int) -> bool:
    return Gateway.objects.filter(applied_change__gte=change).exists()


def _answers(plant: Plant, path: str, status: int = 200) -> bool:
    with contextlib.suppress(OSError):
        return plant.call(path).status == status
    return False


def _lose_the_control_plane(plant: Plant) -> None:
    eventually(lambda: _is_live(last_line()))
    time.sleep(0.6)  # until what is good by now is kept
    plant.end("xds", how=signal.SIGKILL)


def test_a_gateway_that_starts_while_no_control_plane_is_there_answers(here: Plant, plain: Backend) -> None:
    _open_api(plain)
    eventually(lambda: _answers(here, "/orders/1"))
    _lose_the_control_plane(here)
    here.end("gateway", how=signal.SIGKILL)
    here.start("gateway", "run")
    eventually(lambda: _answers(here, "/orders/1"))
    assert re.search(r"runs on the configuration of \d{4}-\d\d-\d\d \d\d:\d\d", here.log_of("gateway"))


def test_what_was_removed_meanwhile_is_gone_as_soon_as_the_control_plane_is_back(here: Plant, plain: Backend) -> None:
    stays, goes = _open_api(plain), _open_api(plain, "parcels")
    eventually(lambda: _answers(here, "/parcels/1"))
    _lose_the_control_plane(here)
    here.end("gateway")
    api_actions.delete_api(goes, by=None, now=timezone.now())
    here.start("gateway", "run")
    eventually(lambda: _answers(here, "/parcels/1"))
    here.start("xds")
    eventually(lambda: _answers(here, "/parcels/1", 404), within=10)
    assert here.call(f"/{stays.path}/1").status == 200


def test_a_gateway_that_keeps_nothing_waits_for_its_control_plane(here: Plant, plain: Backend) -> None:
    here.environment["GATEWAY_KEEP_CONFIGURATION_HOURS"] = "0"
    here.end("gateway")
    here.start("gateway", "run")
    _open_api(plain)
    eventually(lambda: _answers(here, "/orders/1"))
    _lose_the_control_plane(here)
    here.end("gateway")
    assert not (here.home / kept.CONFIGURATION).exists()
    here.start("gateway", "run")
    eventually(lambda: here.envoys() and here.agents())
    time.sleep(2.5)
    assert not here.is_ready()
    here.start("xds")
    eventually(lambda: _answers(here, "/orders/1"))


def test_the_agent_tells_how_it_is(here: Plant, plain: Backend) -> None:
    _open_api(plain)
    eventually(lambda: _health(here) == (200, {"configuration": True, "envoy": True, "streams": True, "disk": True}))
    assert 'portal_part_ready{part="envoy",process="agent"} 1.0' in _asked(here, "/metrics")[1]
    here.environment["GATEWAY_KEEP_CONFIGURATION_HOURS"] = "0"
    _lose_the_control_plane(here)
    here.end("gateway")
    here.start("gateway", "run")
    eventually(lambda: _health(here) == (503, {"configuration": False, "envoy": False, "streams": True, "disk": True}))
    here.start("xds")
    eventually(lambda: _health(here)[0] == 200)


def _health(plant: Plant) -> tuple[int, dict[str, bool]]:
    """Return what the agent answers at ``/readyz``; 0 while it is not there."""
    status, text = _asked(plant, "/readyz")
    return status, json.loads(text)["parts"] if status else {}


def _asked(plant: Plant, path: str) -> tuple[int, str]:
    asking = http.client.HTTPConnection("localhost", timeout=5)
    with contextlib.closing(asking), contextlib.suppress(OSError):
        asking.sock = socket.socket(socket.AF_UNIX)
        asking.sock.settimeout(5)
        asking.sock.connect(str(plant.home / "gateway-health.sock"))
        asking.request("GET", path)
        answer = asking.getresponse()
        return answer.status, answer.read().decode()
    return 0, ""


def test_what_is_too_old_is_not_used(here: Plant, plain: Backend) -> None:
    _open_api(plain)
    eventually(lambda: _answers(here, "/orders/1"))
    _lose_the_control_plane(here)
    here.end("gateway")
    resources, _ = kept.kept(here.home) or ((), None)
    kept.keep(here.home, resources, at=datetime(2020, 1, 1, tzinfo=UTC))
    here.start("gateway", "run")
    eventually(lambda: "is too old" in here.log_of("gateway"))
    time.sleep(2)
    assert not here.is_ready()
    assert not (here.home / kept.CONFIGURATION).exists()


@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
def test_what_does_not_open_is_not_used_and_said(here: Plant, plain: Backend, damage: bytes | None) -> None:
    _open_api(plain)
    eventually(lambda: _answers(here, "/orders/1"))
    _lose_the_control_plane(here)
    here.end("gateway")
    if damage is None:
        (here.home / kept.KEY).unlink()  # as on another machine
    else:
        (here.home / kept.CONFIGURATION).write_bytes(damage)
    here.start("gateway", "run")
    eventually(lambda: "does not open" in here.log_of("gateway"))
    here.start("xds")
    eventually(lambda: _answers(here, "/orders/1"))


def test_what_is_kept_is_sealed_and_for_nobody_else_to_read(here: Plant, plain: Backend) -> None:
    _open_api(plain)
    eventually(lambda: _answers(here, "/orders/1"))
    eventually(lambda: b"orders" in b"".join(one.body for one in (kept.kept(here.home) or ((), None))[0]))
    for name in (kept.CONFIGURATION, kept.KEY):
        assert (here.home / name).stat().st_mode & 0o777 == 0o600
    assert b"orders" not in (here.home / kept.CONFIGURATION).read_bytes()


def test_an_agent_that_is_killed_is_brought_back_and_no_call_is_lost(here: Plant, plain: Backend) -> None:
    _open_api(plain)
    eventually(lambda: _answers(here, "/orders/1"))
    (agent,) = here.agents()
    (envoy,) = here.envoys()
    os.kill(agent, signal.SIGKILL)
    assert here.call("/orders/1").status == 200
    eventually(lambda: here.agents() not in (set(), {agent}))
    _open_api(plain, "parcels")
    eventually(lambda: _is_live(last_line()) and _answers(here, "/parcels/1"))
    assert here.envoys() == {envoy}


def test_a_call_that_fails_while_no_control_plane_is_there_is_told_later(here: Plant) -> None:
    _open_api(Backend(), "nobody")  # not started
    eventually(lambda: _answers(here, "/nobody/1", 502))
    _lose_the_control_plane(here)
    FailedCall.objects.all().delete()
    answer = here.call("/nobody/2")
    time.sleep(1.5)  # until Envoy has reported it
    here.start("xds")
    eventually(lambda: FailedCall.objects.filter(activity_id=answer.json["activityId"]).exists())


def _stand_in_the_way(path: Path) -> None:
    """Put a folder where a file would be put; one may be put there meanwhile."""
    while not path.is_dir():
        path.unlink(missing_ok=True)
        with contextlib.suppress(FileExistsError, NotADirectoryError):
            (path / "something").mkdir(parents=True)


def test_a_disk_that_is_full_keeps_nothing_from_going_live(here: Plant, plain: Backend) -> None:
    eventually(here.is_ready)
    _stand_in_the_way(here.home / kept.CONFIGURATION)
    _open_api(plain)
    eventually(lambda: _answers(here, "/orders/1"))
    eventually(lambda: "could not be kept" in here.log_of("gateway"))
    (agent,) = here.agents()
    time.sleep(0.5)
    assert here.agents() == {agent}


def test_envoy_talks_to_nobody_but_the_agent(here: Plant) -> None:
    bootstrap = json.loads((here.home / "gateway.json").read_text())
    (cluster,) = bootstrap["static_resources"]["clusters"]
    (endpoint,) = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]
    assert endpoint["endpoint"]["address"] == {"pipe": {"path": "gateway-agent.sock"}}
    assert (here.home / "gateway-agent.sock").stat().st_mode & 0o777 == 0o600


# --- on another machine ---


@pytest.fixture
def elsewhere(still: Plant) -> Plant:
    """Return the place of a gateway that was enrolled, and what it needs to find two control planes."""
    ports = free_ports(2)
    call_command("gateway", "enrol", "gateway-2", directory=still.home / "gateway-identity")
    still.environment["GATEWAY_XDS_ADDRESS"] = ", ".join(f"localhost:{port}" for port in ports)
    for number, port in enumerate(ports):
        (home := still.home / f"control-plane-{number}").mkdir()
        still.start(
            "xds", called=f"xds-{number}", PORTAL_HOME=str(home), PORTAL_XDS_ADDRESS=f"127.0.0.1:{port}", PORTAL_XDS_NAMES="localhost"
        )
        eventually(lambda number=number: "Serving gateways" in still.log_of(f"xds-{number}"))  # type: ignore[misc]  # bound at once
    return still


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_when_a_control_plane_dies_or_stands_still_the_next_one_is_there_within_two_seconds(
    elsewhere: Plant, plain: Backend, how: signal.Signals
) -> None:
    elsewhere.start("gateway", "run")
    _open_api(plain)
    eventually(lambda: _answers(elsewhere, "/orders/1"))
    eventually(lambda: _is_live(last_line()))
    before = _updates(elsewhere)
    if how is signal.SIGSTOP:
        elsewhere.pause("xds-0")
    else:
        elsewhere.end("xds-0", how=how)
    began = time.monotonic()
    _open_api(plain, "parcels")
    eventually(lambda: _answers(elsewhere, "/parcels/1"))
    took = time.monotonic() - began
    if how is signal.SIGSTOP:
        elsewhere.resume("xds-0")
    assert took < 10  # two, and what a busy machine takes; without keep-alive it were a quarter of an hour
    assert _updates(elsewhere) == before + 1


def _updates(plant: Plant) -> int:
    """Return how often Envoy was sent clusters."""
    said = plant.admin("/stats?filter=^cluster_manager.cds.update_success$")
    return int(said.rpartition(" ")[2])


def test_what_belongs_to_a_gateway_is_its_own(elsewhere: Plant, plain: Backend) -> None:
    other = free_ports(1)[0]
    _open_api(plain)
    own = {"GATEWAY_ADDRESS": f"127.0.0.1:{other}", "GATEWAY_IDLE_SECONDS": "1", "GATEWAY_TRUSTED_PROXIES": "1", "GATEWAY_CONNECTIONS": "3"}
    elsewhere.start("gateway", "run", **own)
    elsewhere.port = other
    eventually(lambda: _answers(elsewhere, "/orders/1"))
    assert elsewhere.call("/orders/slow/3").status == 504, "its back end would have answered"
    listener = json.loads(elsewhere.admin("/config_dump?resource=dynamic_listeners"))["configs"][0]["active_state"]["listener"]
    assert listener["filter_chains"][0]["filters"][0]["typed_config"]["xff_num_trusted_hops"] == 1
    with contextlib.ExitStack() as callers:
        connected = [callers.enter_context(socket.create_connection(("127.0.0.1", other), timeout=10)) for _ in range(4)]
        assert connected[-1].recv(1) == b"", "one too many is closed"
        connected[0].sendall(b"GET /orders/1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connected[0].recv(100).startswith(b"HTTP/1.1 200")


def test_a_gateway_that_was_removed_gives_its_configuration_up(elsewhere: Plant, plain: Backend) -> None:
    elsewhere.start("gateway", "run")
    _open_api(plain)
    eventually(lambda: _answers(elsewhere, "/orders/1"))
    eventually((elsewhere.home / kept.CONFIGURATION).exists)
    actions.remove(Gateway.objects.get(), by=None, now=timezone.now())
    eventually(lambda: "gives its configuration up" in elsewhere.log_of("gateway"), within=20)
    eventually(lambda: not elsewhere.is_ready())
    eventually(lambda: not (elsewhere.home / kept.CONFIGURATION).exists())
    elsewhere.end("gateway")
    elsewhere.start("gateway", "run")
    time.sleep(3)
    assert not elsewhere.is_ready()


def test_a_gateway_without_its_files_says_what_is_missing(still: Plant) -> None:
    still.start("gateway", "run", GATEWAY_XDS_ADDRESS="127.0.0.1:9")
    eventually(lambda: "gateway-identity/authority.pem cannot be read" in still.log_of("gateway"))


def test_a_change_counts_as_live_only_once_envoy_has_it(here: Plant, plain: Backend) -> None:
    eventually(lambda: _is_live(last_line()))
    (envoy,) = here.envoys()
    os.kill(envoy, signal.SIGSTOP)
    try:
        _open_api(plain, "parcels")
        time.sleep(1)
        assert not _is_live(last_line())
    finally:
        os.kill(envoy, signal.SIGCONT)
    eventually(lambda: _is_live(last_line()))


def test_the_agent_is_told_which_envoys_run_also_while_one_replaces_another(here: Plant, plain: Backend) -> None:
    def told() -> set[int]:
        return {int(line.split()[0]) for line in (here.home / envoys.FILE).read_text().splitlines()}

    eventually(lambda: here.envoys() and told() == here.envoys())
    (old,) = here.envoys()
    here.hot_restart()
    assert told() == here.envoys() | {old}  # that it has ended, the agent sees by itself
    _open_api(plain, "parcels")
    eventually(lambda: _is_live(last_line()))


def test_a_gateway_renews_its_enrolment_and_the_old_one_is_over_then(still: Plant, plain: Backend) -> None:
    """Both sides are real; the gateway was enrolled so long ago that it is time."""
    (port,) = free_ports(1)
    old = actions.enrol("gateway-2", by=None, now=timezone.now() - timedelta(days=700))
    (folder := still.home / "gateway-identity").mkdir()
    for name, content in old.files.items():
        (folder / name).write_bytes(content)
    still.start("xds", PORTAL_XDS_ADDRESS=f"127.0.0.1:{port}")
    still.start("gateway", "run", GATEWAY_XDS_ADDRESS=f"127.0.0.1:{port}")
    _open_api(plain)
    eventually(lambda: _answers(still, "/orders/1"))
    eventually((folder / "renewed.pem").exists)
    eventually(lambda: Gateway.objects.exclude(fingerprint=old.fingerprint).filter(next_fingerprint="").exists())
    gateway = Gateway.objects.get()
    assert gateway.enrolled_until is not None
    assert gateway.enrolled_until > timezone.now() + timedelta(days=700)
    assert gateway.fingerprint == fingerprint_of((folder / "renewed.pem").read_bytes())
    _open_api(plain, "parcels")  # it has come back with the new one
    eventually(lambda: _answers(still, "/parcels/1"))
    assert still.call("/orders/1").status == 200
    said = [line.event for line in lines() if line.kind == "gateway"]
    assert said == [Event.GATEWAY_ADDED, Event.GATEWAY_RENEWED, Event.GATEWAY_CERTIFICATE_USED]


def test_an_emptied_database_beside_a_control_plane_that_starts_takes_nothing_from_gateways(still: Plant, plain: Backend) -> None:
    """It has lost who is enrolled as well: that is no reason to tell gateways that they were removed."""
    (port,) = free_ports(1)
    call_command("gateway", "enrol", "gateway-2", directory=still.home / "gateway-identity")
    still.start("xds", PORTAL_XDS_ADDRESS=f"127.0.0.1:{port}")
    still.start("gateway", "run", GATEWAY_XDS_ADDRESS=f"127.0.0.1:{port}")
    _open_api(plain)
    eventually(lambda: _answers(still, "/orders/1"))
    still.end("xds", how=signal.SIGKILL)
    with transaction.atomic(), lifted(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {TABLE}")
    for model in (ActivityHead, Gateway, Api):
        model._default_manager.all().delete()
    still.start("xds", PORTAL_XDS_ADDRESS=f"127.0.0.1:{port}")
    eventually(lambda: "was turned away" in still.log_of("xds"))
    time.sleep(7)  # longer than a gateway waits that was removed
    assert still.call("/orders/1").status == 200
