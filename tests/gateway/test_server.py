"""The xDS server, seen from a gateway's side of the stream: who gets what, what is not sent twice, who disturbs nobody."""

from __future__ import annotations

import contextlib
import queue
import signal
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from gateway import actions
from gateway.compile import cluster_name
from gateway.compile.resource import CLUSTER, LISTENER, SCOPE
from gateway.control.enrolment import AUTHORITY_FILE, CERTIFICATE_FILE, PRIVATE_KEY_FILE, Issued, issue_for_server
from gateway.models import Gateway, NodeAuthority
from kit.ports import free_ports
from tests.gateway.peers import Peer, local_peer
from tests.gateway.plant import Plant, eventually
from tests.makers import make_api, make_subscription

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


def test_a_gateway_that_comes_back_is_sent_only_what_has_changed(control_plane: Plant) -> None:
    apis = [make_api(f"api-{number}") for number in range(3)]
    with local_peer(control_plane) as peer:
        has = peer.clusters(3)
    assert set(has) == {cluster_name(api.pk) for api in apis}
    with local_peer(control_plane) as peer:
        peer.ask(CLUSTER, has=has)
        assert peer.reads_nothing()
    with local_peer(control_plane) as peer:
        peer.ask(CLUSTER, has=has | {cluster_name(apis[0].pk): "older", "gone": "1"})
        assert [one.name for one in peer.read().resources] == [cluster_name(apis[0].pk)]


def test_a_gateway_without_apis_is_not_left_waiting(control_plane: Plant) -> None:
    with local_peer(control_plane) as peer:
        versions = peer.read_all(CLUSTER, LISTENER, SCOPE)
    assert versions[CLUSTER] == {}
    assert list(versions[LISTENER]) == ["gateway"]
    assert list(versions[SCOPE]) == ["segment-status-0123456789abcdef"]


def test_the_socket_is_ours_alone(control_plane: Plant) -> None:
    assert (control_plane.home / "xds.sock").stat().st_mode & 0o777 == 0o600


def test_a_gateway_that_stops_reading_holds_nobody_up(control_plane: Plant) -> None:
    for number in range(20):
        make_api(f"api-{number}")
    with contextlib.ExitStack() as stack:
        for number in range(30):  # they ask for everything and never read
            stack.enter_context(local_peer(control_plane, f"stalled-{number}")).ask(CLUSTER)
        peer = stack.enter_context(local_peer(control_plane))
        assert len(peer.clusters(20)) == 20
        api = make_api("new")
        assert [one.name for one in peer.read().resources] == [cluster_name(api.pk)]


def test_many_come_at_once(control_plane: Plant) -> None:
    make_api()
    counted: queue.SimpleQueue[int] = queue.SimpleQueue()

    def come(number: int) -> None:
        with local_peer(control_plane, f"peer-{number}") as peer:
            counted.put(len(peer.clusters(1)))

    threads = [threading.Thread(target=come, args=[number]) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert [counted.get(timeout=1) for _ in threads] == [1] * 40


def test_two_processes_disturb_nobody_and_the_second_takes_over(control_plane: Plant) -> None:
    control_plane.start("xds", called="second")
    eventually(lambda: "standing by" in control_plane.log_of("second"))
    api = make_api()
    with local_peer(control_plane) as peer:
        assert list(peer.clusters(1)) == [cluster_name(api.pk)]
    control_plane.end("xds", how=signal.SIGKILL)
    eventually(lambda: "serving gateways" in control_plane.log_of("second"))
    with local_peer(control_plane) as peer:
        assert list(peer.clusters(1)) == [cluster_name(api.pk)]


def test_a_locked_database_delays_what_is_written_down_and_nothing_else(control_plane: Plant) -> None:
    make_api("first")
    with local_peer(control_plane) as peer:
        peer.clusters(1)
        api = make_api("second")
        lock = "BEGIN IMMEDIATE" if connection.vendor == "sqlite" else "BEGIN; LOCK TABLE gateway_gateway IN ACCESS EXCLUSIVE MODE"
        with connection.cursor() as cursor:
            cursor.execute(lock)
            assert [one.name for one in peer.read().resources] == [cluster_name(api.pk)]
            cursor.execute("ROLLBACK")
        make_subscription()
        eventually(lambda: Gateway.objects.filter(name="local", disconnected_at=None).exists())


def test_it_ends_within_seconds_and_notes_that_nobody_is_connected(control_plane: Plant) -> None:
    with local_peer(control_plane) as peer:
        peer.ask(CLUSTER)
        peer.read()
        eventually(lambda: Gateway.objects.filter(disconnected_at=None).exists())
        assert control_plane.end("xds") == 0
    assert not Gateway.objects.filter(disconnected_at=None).exists()


def _network(port: int, issued: Issued, authority_pem: bytes) -> grpc.Channel:
    credentials = grpc.ssl_channel_credentials(authority_pem, issued.private_key_pem.value, issued.certificate_pem)
    return grpc.secure_channel(f"127.0.0.1:{port}", credentials)


@pytest.fixture
def on_the_network(still: Plant) -> tuple[Plant, int]:
    """Return the xDS process and the port it serves other machines on."""
    (port,) = free_ports(1)
    still.environment["PORTAL_XDS_ADDRESS"] = f"127.0.0.1:{port}"
    still.serve()
    eventually(lambda: "Serving gateways" in still.log_of("xds"))
    return still, port


def test_an_enrolled_gateway_comes_under_its_own_name_only(on_the_network: tuple[Plant, int]) -> None:
    _, port = on_the_network
    issued = actions.enrol("gateway-2", by=None, now=timezone.now())
    make_api()

    def comes() -> bool:
        with Peer(_network(port, issued, issued.authority_pem), "another name") as peer:
            return peer.is_answered()

    eventually(comes)
    assert eventually(lambda: Gateway.objects.filter(connected_at__isnull=False).first()).name == "gateway-2"


def test_the_port_speaks_tls_1_3_only(on_the_network: tuple[Plant, int], tmp_path: Path) -> None:
    plant, port = on_the_network
    for name, content in actions.enrol("gateway-2", by=None, now=timezone.now()).files.items():
        (tmp_path / name).write_bytes(content)
    context = ssl.create_default_context(cafile=str(tmp_path / AUTHORITY_FILE))
    context.load_cert_chain(tmp_path / CERTIFICATE_FILE, tmp_path / PRIVATE_KEY_FILE)
    context.set_alpn_protocols(["h2"])

    def spoken(version: ssl.TLSVersion) -> str | None:
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1_2, version
        with socket.create_connection(("127.0.0.1", port)) as plain, context.wrap_socket(plain, server_hostname="127.0.0.1") as secure:
            return secure.version()

    def speaks_tls_1_3() -> bool:
        try:
            return spoken(ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
        except OSError:  # it does not serve yet
            return False

    eventually(lambda: "Serving gateways of other machines" in plant.log_of("xds"))
    eventually(speaks_tls_1_3)
    with pytest.raises(OSError, match=r"ssl|SSL|reset"):
        spoken(ssl.TLSVersion.TLSv1_2)


def test_where_the_gateway_authority_is_damaged_gateways_of_this_machine_still_come(still: Plant) -> None:
    (port,) = free_ports(1)
    actions.enrol("gateway-2", by=None, now=timezone.now())
    NodeAuthority.objects.update(ciphertext=b"damaged")
    still.environment["PORTAL_XDS_ADDRESS"] = f"127.0.0.1:{port}"
    still.serve()
    eventually(lambda: "Gateways on other machines cannot come: gateway authority" in still.log_of("xds"))
    eventually(still.xds_listens)
    with local_peer(still) as peer:
        assert peer.is_answered()


def test_who_is_not_enrolled_gets_nothing(on_the_network: tuple[Plant, int]) -> None:
    _, port = on_the_network
    known = actions.enrol("gateway-2", by=None, now=timezone.now())
    never_enrolled = issue_for_server("127.0.0.1", now=timezone.now())  # of the same authority
    with Peer(_network(port, never_enrolled, known.authority_pem), "gateway-2") as peer:
        assert peer.is_turned_away()
    channel = grpc.secure_channel(f"127.0.0.1:{port}", grpc.ssl_channel_credentials(known.authority_pem))
    with Peer(channel, "gateway-2") as peer:
        assert peer.is_turned_away()


def test_a_removed_gateway_is_hung_up_on_and_stays_out(on_the_network: tuple[Plant, int]) -> None:
    _, port = on_the_network
    issued = actions.enrol("gateway-2", by=None, now=timezone.now())
    with contextlib.ExitStack() as stack:

        def comes() -> Peer | None:
            peer = stack.enter_context(Peer(_network(port, issued, issued.authority_pem), "gateway-2"))
            return peer if peer.is_answered() else None

        peer = eventually(comes)
        eventually(lambda: Gateway.objects.filter(connected_at__isnull=False).exists())
        actions.remove(Gateway.objects.get(), by=None, now=timezone.now())
        assert peer.ends()
    with Peer(_network(port, issued, issued.authority_pem), "gateway-2") as peer:
        assert peer.is_turned_away()
    assert not Gateway.objects.exists()


def test_without_the_ring_of_keys_it_does_not_start(still: Plant) -> None:
    del still.environment["PORTAL_ENCRYPTION_KEYS"]
    still.start("xds")
    eventually(lambda: "ring of encryption keys" in still.log_of("xds"))
    assert still.wait_for("xds") == 1


def test_it_starts_without_a_database_and_serves_once_there_is_one(still: Plant, tmp_path: Path) -> None:
    own = tmp_path / "late" / "portal.sqlite3"
    still.environment["DATABASE_URL"] = f"sqlite:///{own}"
    still.start("xds")
    eventually(lambda: "does not answer" in still.log_of("xds"))
    own.parent.mkdir()
    still.start("migrate")
    assert still.wait_for("migrate") == 0
    eventually(still.xds_listens)
    with local_peer(still) as peer:
        assert list(peer.read_all(CLUSTER, LISTENER)[LISTENER]) == ["gateway"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_an_envoy_on_another_machine_runs_like_the_one_here(still: Plant, host: str) -> None:
    (port,) = free_ports(1)
    call_command("gateway", "enrol", "gateway-2", directory=still.home / "gateway-identity")
    make_api(service_url="https://localhost:1")
    still.start("xds", PORTAL_XDS_ADDRESS=f"{host}:{port}")
    still.start("gateway", "run", GATEWAY_XDS_ADDRESS=f"{host}:{port}", GATEWAY_NAME="another name")
    eventually(lambda: still.is_ready() and still.call("/orders/1").status == 401)
    assert eventually(lambda: Gateway.objects.filter(applied_at__isnull=False).first()).name == "gateway-2"
