"""A gateway that was removed and still runs: it gets nothing, and the page says that it is there, however often it knocks."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

import grpc
import pytest
from django.test import Client
from django.utils import timezone

from gateway import actions
from gateway.alerting import troubles
from gateway.control.enrolment import Issued, issue_for_gateway
from gateway.control.knocks import Knock, Knocks, address_of
from gateway.control.status_queue import StatusQueue
from gateway.control.status_writer import StatusWriter
from gateway.models import Gateway, NodeAuthority
from gateway.streams.stream import Key
from gateway.turned_away import ROWS_KEPT, SHOWN_FOR, TurnedAway
from kit.ports import free_ports
from tests.gateway.peers import Peer
from tests.gateway.plant import Plant, eventually
from tests.makers import make_api


def _apis_of(_key: Key) -> Collection[int]:
    return ()


def _write(*knocks: Knock) -> None:
    statuses = StatusQueue()
    for knock in knocks:
        statuses.turned_away(knock)
    assert StatusWriter(statuses, _apis_of).write()


def _knock(number: int = 0, *, at: datetime | None = None, name: str = "gateway-2") -> Knock:
    return Knock(fingerprint=f"{number:064X}", name=name, address="192.0.2.7", at=at or timezone.now())


@pytest.fixture
def removed(db: None) -> Issued:
    """Return what a gateway still holds that was removed."""
    issued = actions.enrol("gateway-2", by=None, now=timezone.now())
    actions.remove(Gateway.objects.get(), by=None, now=timezone.now())
    return issued


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("ipv4:192.0.2.7:40000", "192.0.2.7"),
        ("ipv6:%5B2001:db8::7%5D:40000", "2001:db8::7"),
        ("ipv6:[2001:db8::7]:40000", "2001:db8::7"),
        ("ipv6:%5Bfe80::1%25eth0%5D:40000", "fe80::1%eth0"),
        ("", ""),
    ],
)
def test_the_address_is_told_as_people_write_it(peer: str, address: str) -> None:
    assert address_of(peer) == address


def test_who_knocks_without_end_is_noted_once_in_a_while(removed: Issued) -> None:
    knocks = Knocks()
    noted = [knocks.worth_noting(removed.certificate_pem, "ipv4:192.0.2.7:40000") for _ in range(1000)]
    (knock,) = [one for one in noted if one]
    assert (knock.fingerprint, knock.name, knock.address) == (removed.fingerprint, "gateway-2", "192.0.2.7")


def test_another_one_is_noted_beside_it(removed: Issued) -> None:
    knocks, other = Knocks(), issue_for_gateway("gateway-3", now=timezone.now())
    assert [knock.name for one in (removed, other, removed) if (knock := knocks.worth_noting(one.certificate_pem, "ipv4:192.0.2.7:1"))] == [
        "gateway-2",
        "gateway-3",
    ]


@pytest.mark.django_db
def test_one_that_knocks_again_stays_one() -> None:
    now = timezone.now()
    _write(_knock(at=now - timedelta(minutes=2)))
    _write(dataclasses.replace(_knock(at=now), address="192.0.2.8"))
    assert list(TurnedAway.objects.values_list("name", "address", "last_at")) == [("gateway-2", "192.0.2.8", now)]


@pytest.mark.django_db
def test_of_very_many_the_newest_are_kept() -> None:
    now = timezone.now()
    _write(*(_knock(number, at=now - timedelta(seconds=number)) for number in range(ROWS_KEPT + 5)))
    assert TurnedAway.objects.count() == ROWS_KEPT
    assert TurnedAway.objects.order_by("last_at")[0].last_at == now - timedelta(seconds=ROWS_KEPT - 1)


@pytest.mark.django_db
def test_the_page_says_who_knocks_from_where_and_what_to_do(signed_in: Client) -> None:
    assert "Turned away" not in signed_in.get("/gateways/").content.decode()
    _write(_knock(name="gateway-<2>"))
    page = signed_in.get("/gateways/").content.decode()
    assert "Turned away" in page
    assert "gateway-&lt;2&gt;" in page
    assert "192.0.2.7" in page
    assert "delete their identity there" in page


def test_who_is_known_again_and_who_has_given_up_are_not_shown(signed_in: Client, removed: Issued) -> None:
    now = timezone.now()
    _write(dataclasses.replace(_knock(at=now), fingerprint=removed.fingerprint), _knock(1, at=now - SHOWN_FOR, name="gateway-3"))
    assert [knock.name for knock in TurnedAway.objects.lately(now=now)] == ["gateway-2"]
    Gateway.objects.create(name="gateway-2", fingerprint=removed.fingerprint)  # as a backup that was put back knows it
    assert not TurnedAway.objects.lately(now=now).exists()


def test_who_is_still_there_when_it_could_have_been_stopped_is_told_of(removed: Issued, signed_in: Client) -> None:
    now = timezone.now()
    _write(dataclasses.replace(_knock(at=now), fingerprint=removed.fingerprint))
    assert list(troubles()) == []  # it was removed a moment ago
    assert "Removed, still there" in signed_in.get("/").content.decode()
    _write(dataclasses.replace(_knock(at=now + timedelta(minutes=16)), fingerprint=removed.fingerprint))
    (trouble,) = troubles()
    assert trouble.name == "gateway-2"
    assert str(trouble.reason) == "it was removed and still knocks, from 192.0.2.7. Stop it there, or add it again."
    Gateway.objects.create(name="gateway-2", fingerprint=removed.fingerprint)
    assert list(troubles()) == []


@pytest.fixture
def on_the_network(transactional_db: None) -> Iterator[tuple[Plant, int]]:
    """Return the xDS process and the port it serves other machines on."""
    plant = Plant()
    (port,) = free_ports(1)
    plant.environment["PORTAL_XDS_ADDRESS"] = f"127.0.0.1:{port}"
    plant.serve()
    yield plant, port
    plant.end_all()


@pytest.mark.django_db(transaction=True)
def test_a_removed_gateway_that_still_runs_is_found_in_the_table_and_said_once_in_the_log(on_the_network: tuple[Plant, int]) -> None:
    plant, port = on_the_network
    make_api()
    issued = actions.enrol("gateway-2", by=None, now=timezone.now())
    actions.remove(Gateway.objects.get(name="gateway-2"), by=None, now=timezone.now())
    eventually(lambda: "Serving gateways of other machines" in plant.log_of("xds"))
    tries = [threading.Thread(target=_knock_once, args=(port, issued)) for _ in range(5)]
    for one in tries:
        one.start()
    for one in tries:
        one.join()
    knock = eventually(TurnedAway.objects.first)
    assert (knock.name, knock.address, knock.fingerprint) == ("gateway-2", "127.0.0.1", issued.fingerprint)
    assert plant.log_of("xds").count("was turned away") == 1
    assert NodeAuthority.objects.exists()


def _knock_once(port: int, issued: Issued) -> None:
    credentials = grpc.ssl_channel_credentials(issued.authority_pem, issued.private_key_pem.value, issued.certificate_pem)
    with Peer(grpc.secure_channel(f"127.0.0.1:{port}", credentials), "gateway-2") as peer:
        assert peer.is_turned_away()
