"""What dies while the control plane runs: connections, threads, notes, the database itself. It goes on, or ends to be started again."""

from __future__ import annotations

import functools
import http.client
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from django.db import connection, transaction
from django.utils import timezone

from apis import actions as api_actions
from apis.models import Api
from gateway import actions
from gateway.compile import cluster_name
from gateway.compile.resource import CLUSTER
from gateway.counts import ApiCount
from gateway.models import Delivery, Gateway
from gateway.seeing.readings import METHOD, Reading
from portal import identity
from portal.activity import last_line
from portal.activity.guards import TABLE, lifted
from portal.live import Kind, State, live_status
from portal.models import Activity, ActivityHead, Event
from portal.threads import FAILED
from tests.gateway.peers import Peer, local_peer
from tests.gateway.plant import Plant, eventually
from tests.makers import make_api

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def still(transactional_db: None) -> Iterator[Plant]:
    """Return a place where nothing runs yet."""
    plant = Plant()
    yield plant
    plant.end_all()


@pytest.fixture
def control_plane(still: Plant) -> Plant:
    """Return the xDS process, without a gateway."""
    still.serve()
    return still


def ready(plant: Plant) -> dict[str, Any]:
    """Return what the control plane answers at ``/readyz``."""
    asking = http.client.HTTPConnection("localhost", timeout=10)
    asking.sock = socket.socket(socket.AF_UNIX)
    asking.sock.connect(str(plant.home / "xds-health.sock"))
    try:
        asking.request("GET", "/readyz")
        answer = asking.getresponse()
        told: dict[str, Any] = json.loads(answer.read())
        assert (answer.status == 200) is told["ready"]
        return told
    finally:
        asking.close()


def lose_connections() -> None:
    """Cut everybody off from the database, as a restart or a fail-over does; SQLite's file is away for a moment."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        return
    connection.close()
    file = Path(connection.settings_dict["NAME"])
    away = file.with_name("away.sqlite3")
    file.rename(away)
    time.sleep(1.5)
    away.rename(file)


def served(peer: Peer) -> set[str]:
    """Return the names of the clusters that a gateway is given that has none."""
    peer.ask(CLUSTER)
    return {one.name for one in peer.read().resources}


def test_it_follows_on_after_its_connections_were_cut_however_often(control_plane: Plant) -> None:
    for number in range(3):
        lose_connections()
        api = make_api(f"api-{number}")
        eventually(functools.partial(_is_served, control_plane, api))
    assert "has ended" not in control_plane.log_of("xds")
    assert eventually(lambda: ready(control_plane)["ready"])


def _is_served(plant: Plant, api: Api) -> bool:
    return cluster_name(api.pk) in _now_served(plant)


def _now_served(plant: Plant) -> set[str]:
    with local_peer(plant, "looking") as peer:
        try:
            return served(peer)
        except StopIteration:  # it was told to come back, because everything was just read anew
            return set()


def test_a_thread_that_ends_ends_the_process_with_a_sentence(control_plane: Plant) -> None:
    # A line that nothing of ours writes: its subject is no number. What is there before the first look is read as rows, not as lines.
    eventually(lambda: ready(control_plane)["ready"])
    number = last_line() + 1 if connection.vendor == "postgresql" else None  # the log's own numbers leave its sequence behind
    line = Activity(id=number, at=timezone.now(), kind="api", event=Event.API_CHANGED, subject_id="none", subject_name="none")
    line.save()
    assert control_plane.wait_for("xds") == FAILED
    assert "The thread watch has ended, so this process ends" in control_plane.log_of("xds")


def test_a_report_that_cannot_be_written_stops_no_other(control_plane: Plant) -> None:
    api = make_api()
    with local_peer(control_plane) as peer:
        eventually(lambda: cluster_name(api.pk) in _now_served(control_plane))
        _report(control_plane, api, 2**64 - 1, number=1)
        _report(control_plane, api, 7, number=2)
        assert cluster_name(api.pk) in served(peer)
        eventually(lambda: Gateway.objects.filter(name="local", connected_at__isnull=False).exists())
        eventually(lambda: ApiCount.objects.filter(api=api, ok=7).exists())
    assert "Not written: readings" in control_plane.log_of("xds")


def _report(plant: Plant, api: Api, calls: int, *, number: int) -> None:
    reading = Reading(envoy=f"envoy-{number}", number=number, series={cluster_name(api.pk): {"2xx": calls}})
    with grpc.insecure_channel(f"unix:{plant.home}/xds.sock") as channel:
        channel.unary_unary(METHOD, bytes, bytes)(reading.encoded(age=0))
    time.sleep(1.1)  # what happens at once is written together


def _go_back_to(head: ActivityHead) -> None:
    """Bring the log back to its *head* at that time, as a restored copy does."""
    _delete_lines_after(head.line)
    head.save()


def _delete_lines_after(line: int) -> None:
    with lifted(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {TABLE} WHERE id > %s", [line])


def test_a_database_that_has_gone_back_is_noticed_even_when_its_numbers_have_overtaken(control_plane: Plant) -> None:
    kept = make_api("kept")
    with local_peer(control_plane, "gateway-1") as peer:
        eventually(lambda: cluster_name(kept.pk) in _now_served(control_plane))
        assert served(peer) == {cluster_name(kept.pk)}
    then = ActivityHead.objects.get()
    gone = [make_api(f"gone-{number}") for number in range(2)]
    eventually(lambda: {cluster_name(api.pk) for api in gone} <= _now_served(control_plane))
    with transaction.atomic():  # at one stroke: lines of the same numbers say something else now
        Api.objects.filter(pk__in=[api.pk for api in gone]).delete()
        _go_back_to(then)
        news = [make_api(f"new-{number}") for number in range(3)]
    wanted = {cluster_name(api.pk) for api in (kept, *news)}
    eventually(lambda: _now_served(control_plane) == wanted)
    assert "everything is read anew" in control_plane.log_of("xds")


def test_nothing_is_called_live_for_what_had_its_number_before(control_plane: Plant) -> None:
    make_api("kept")
    with local_peer(control_plane, "gateway-1") as peer:
        then = ActivityHead.objects.get()
        gone = make_api("gone")
        eventually(lambda: cluster_name(gone.pk) in _now_served(control_plane))
        peer.clusters(2)
        eventually(lambda: Gateway.objects.filter(name="gateway-1", connected_at__isnull=False).exists())
        with transaction.atomic():
            Api.objects.filter(pk=gone.pk).delete()
            _go_back_to(then)
            new = make_api("new")
        assert peer.ends()  # it is to come back and say what it has
    with local_peer(control_plane, "gateway-1") as peer:
        peer.ask(CLUSTER)
        eventually(lambda: Gateway.objects.filter(name="gateway-1", applied_change=0).exists())
        assert not Delivery.objects.filter(change__gt=then.line, applied_at__isnull=False).exists()
        assert live_status(Kind.API, new.pk).state is not State.LIVE


def test_a_new_epoch_has_everything_read_anew(control_plane: Plant) -> None:
    kept, gone = make_api("kept"), make_api("gone")
    eventually(lambda: _now_served(control_plane) == {cluster_name(kept.pk), cluster_name(gone.pk)})
    with transaction.atomic():
        Api.objects.filter(pk=gone.pk).delete()  # no line tells
        identity.begin_epoch()
    eventually(lambda: _now_served(control_plane) == {cluster_name(kept.pk)})


def test_a_database_that_was_emptied_takes_nothing_from_the_gateways(control_plane: Plant) -> None:
    api = make_api()
    eventually(lambda: cluster_name(api.pk) in _now_served(control_plane))
    with transaction.atomic():
        Api.objects.all().delete()
        _delete_lines_after(0)
        ActivityHead.objects.all().delete()
    told = eventually(lambda: None if (now := ready(control_plane))["ready"] else now)
    assert "no API, and nothing in it tells that any was deleted" in told["reasons"]["changes"]
    assert _now_served(control_plane) == {cluster_name(api.pk)}
    identity.begin_anew()
    eventually(lambda: ready(control_plane)["ready"])
    assert not _holds_clusters(control_plane)


def _holds_clusters(plant: Plant) -> bool:
    """Return whether a gateway that had a cluster may keep it."""
    with local_peer(plant, "looking") as peer:
        peer.ask(CLUSTER, has={"api-1": "0"})
        try:
            return "api-1" not in peer.read().removed_resources
        except grpc.RpcError:  # turned away still
            return True


def test_an_empty_database_at_the_start_takes_nothing_from_a_gateway_either(still: Plant) -> None:
    still.start("xds")
    eventually(still.xds_listens)
    with local_peer(still) as peer:
        peer.ask(CLUSTER, has={"api-1": "0"})
        assert peer.ends()
    assert "local was turned away. The database holds no API" in still.log_of("xds")
    assert eventually(lambda: "changes" in ready(still).get("reasons", {}))
    actions.enrol("gateway-2", by=None, now=timezone.now())  # a change, which tells nothing of APIs
    time.sleep(1)
    with local_peer(still) as peer:
        peer.ask(CLUSTER, has={"api-1": "0"})
        assert peer.ends()
    api_actions.delete_api(make_api(), by=None, now=timezone.now())  # somebody does delete the last one
    eventually(lambda: not _holds_clusters(still))
