"""Entries that renew themselves from files get what something else writes: at once, whole and once."""

from __future__ import annotations

import contextlib
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from certificates import actions as certificate_actions
from certificates.models import ClientCertificate
from certificates.sources import actions, keeper
from certificates.sources.keeper import SourceKeeper
from certificates.sources.models import Source
from certificates.sources.standing import failing
from certificates.sources.watched import WatchedPlace
from kit.issuing import rsa_key
from portal.models import Activity, Event
from tests.certificates.sources.places import FIRST, INTERMEDIATE, LIST, SECOND, THIRD, current, kubernetes, pem_of, watched, write
from tests.makers import issue, make_certificate

pytestmark = [pytest.mark.any_database, pytest.mark.django_db]

with_threads = pytest.mark.django_db(transaction=True)


@contextlib.contextmanager
def keeping(number: int = 1) -> Iterator[None]:
    """Run as many keepers as processes would."""
    stop = threading.Event()
    threads = [threading.Thread(target=SourceKeeper().run, args=[stop]) for _ in range(number)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(20)


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "It did not happen in time."
        time.sleep(0.02)


def steps(one: SourceKeeper, *, seconds: float = 0.5) -> None:
    """Let a keeper look for a while."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        one.step()
        time.sleep(0.05)


def steps_until(one: SourceKeeper, condition: Callable[[], bool]) -> None:
    """Let a keeper look until something is so."""

    def look() -> bool:
        one.step()
        return condition()

    wait_for(look)


def fails() -> bool:
    return failing().exists()


@pytest.fixture
def one() -> Iterator[SourceKeeper]:
    """Return a keeper that looks when it is told to."""
    with contextlib.closing(SourceKeeper()) as keeper:
        yield keeper


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what does not open count as a failure soon."""
    monkeypatch.setattr(keeper, "PATIENCE_SECONDS", 0.3)


@with_threads
def test_a_renewal_is_the_next_version_at_once(folder: Path) -> None:
    watched(folder)
    with keeping():
        time.sleep(1)  # it is waiting for changes
        write(folder / "orders.pem", pem_of(SECOND))
        started = time.monotonic()
        wait_for(lambda: current() == SECOND.thumbprint)
        assert time.monotonic() - started < 10
    line = Activity.objects.get(event=Event.CERTIFICATE_REPLACED)
    assert (line.actor, line.details["source"]) == (None, "watched")


@with_threads
def test_links_that_are_swapped_as_kubernetes_does_are_seen(folder: Path) -> None:
    kubernetes(folder, FIRST)
    place = WatchedPlace.of({"path": str(folder)}, (folder,))
    actions.watch(ClientCertificate, place, name="orders", by=None, now=timezone.now())
    with keeping():
        shutil.copytree(folder / "..2026_11_26", folder / "..2026_12_26")
        (folder / "..2026_12_26" / "tls.crt").write_text(SECOND.pem + SECOND.chain_pem)
        (folder / "..2026_12_26" / "tls.key").write_text(SECOND.key_pem)
        (folder / "..data_tmp").symlink_to("..2026_12_26")
        (folder / "..data_tmp").rename(folder / "..data")
        shutil.rmtree(folder / "..2026_11_26")
        wait_for(lambda: current() == SECOND.thumbprint)
    assert not failing().exists()


def test_a_link_that_leads_nowhere_any_more_is_a_failure_and_ends_nothing(folder: Path, one: SourceKeeper) -> None:
    (folder / "first").mkdir()
    write(folder / "first" / "orders.pem", pem_of(FIRST))
    (folder / "orders").symlink_to("first")
    place = WatchedPlace.of({"path": str(folder / "orders" / "orders.pem")}, (folder,))
    actions.watch(ClientCertificate, place, name="orders", by=None, now=timezone.now())
    (folder / "orders").unlink()
    for leads_to in ("x" * 300, "orders", "gone"):  # too long for the system, in a circle, to nothing
        (folder / "orders").symlink_to(leads_to)
        one.step()
        (folder / "orders").unlink()
    steps_until(one, fails)


@with_threads
def test_several_processes_bring_a_version_once(folder: Path) -> None:
    watched(folder)
    with keeping(3):
        for issued in (SECOND, THIRD):
            write(folder / "orders.pem", pem_of(issued))
            wait_for(lambda issued=issued: current() == issued.thumbprint)  # type: ignore[misc]  # bound now
        time.sleep(1)
    assert ClientCertificate.objects.get().versions.count() == 3
    assert Activity.objects.filter(event=Event.CERTIFICATE_REPLACED).count() == 2


@with_threads
def test_what_was_put_there_while_nobody_watched_is_brought_at_the_start(folder: Path) -> None:
    watched(folder)
    write(folder / "orders.pem", pem_of(SECOND))
    with keeping():
        wait_for(lambda: current() == SECOND.thumbprint)


def test_half_a_file_is_never_taken(folder: Path, one: SourceKeeper) -> None:
    watched(folder)
    whole = pem_of(SECOND).encode()
    key_begins = whole.index(b"-----BEGIN PRIVATE KEY")
    with (folder / "orders.pem").open("wb", buffering=0) as file:
        for start, end in ((0, 300), (300, key_begins), (key_begins, key_begins + 80), (key_begins + 80, len(whole))):
            steps(one)
            assert current() == FIRST.thumbprint
            file.write(whole[start:end])
    steps_until(one, lambda: current() == SECOND.thumbprint)
    assert not failing().exists()


def test_a_certificate_waits_for_its_key_and_its_chain(folder: Path, one: SourceKeeper) -> None:
    parts = {"path": FIRST.pem, "chain_file": FIRST.chain_pem, "key_file": FIRST.key_pem}
    sent = {name: str(write(folder / f"{name}.pem", text)) for name, text in parts.items()}
    actions.watch(ClientCertificate, WatchedPlace.of(sent, (folder,)), name="orders", by=None, now=timezone.now())
    write(folder / "path.pem", SECOND.pem)
    steps(one)
    (folder / "chain_file.pem").write_text("")
    write(folder / "key_file.pem", SECOND.key_pem)
    steps(one)
    assert current() == FIRST.thumbprint
    write(folder / "chain_file.pem", SECOND.chain_pem)
    steps_until(one, lambda: current() == SECOND.thumbprint)
    entry = ClientCertificate.objects.get()
    assert entry.current is not None
    assert (entry.current.thumbprint, entry.current.chain_der[0]) == (SECOND.thumbprint, INTERMEDIATE.der)


def test_a_renewal_without_a_chain_is_taken_after_a_while(folder: Path, impatient: None, one: SourceKeeper) -> None:
    watched(folder)
    write(folder / "orders.pem", SECOND.pem + SECOND.key_pem)
    steps_until(one, lambda: current() == SECOND.thumbprint)


def test_the_password_may_come_after_the_file(folder: Path, impatient: None, one: SourceKeeper) -> None:
    write(folder / "password", "first\n")
    place = WatchedPlace.of(
        {"path": str(write(folder / "orders.pfx", FIRST.pfx_file("first"))), "password_file": f"{folder}/password"}, (folder,)
    )
    actions.watch(ClientCertificate, place, name="orders", by=None, now=timezone.now())
    write(folder / "orders.pfx", SECOND.pfx_file("second"))
    steps_until(one, fails)
    assert "The password is not correct" in failing().get().trouble
    write(folder / "password", "second\n")
    steps_until(one, lambda: current() == SECOND.thumbprint)
    assert not failing().exists()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda file: file.unlink(), "There is nothing at"),
        (lambda file: write(file, b""), "The file is empty."),
        (lambda file: write(file, SECOND.pem), "holds no private key"),
        (lambda file: write(file, SECOND.pem + issue("weak", key=rsa_key(1024)).key_pem), "RSA 1024"),  # what is refused
        (lambda file: (file.unlink(), file.symlink_to("/etc/hostname")), "leads by a link out"),
    ],
)
def test_a_source_that_fails_is_red_with_its_reason_and_well_again_afterwards(
    signed_in: Client, folder: Path, impatient: None, spoil: Callable[[Path], object], words: str, one: SourceKeeper
) -> None:
    watched(folder)
    spoil(folder / "orders.pem")
    one.step()
    assert not failing().exists()  # it may be about to be written
    steps_until(one, fails)
    source = failing().get()
    assert source.certificate.name == "orders"
    assert words in source.trouble
    assert current() == FIRST.thumbprint
    page = signed_in.get(f"{LIST}orders/").content.decode()
    assert words in page
    assert "Fails since" in page
    assert "Source fails" in signed_in.get(LIST).content.decode()
    assert words in signed_in.get("/").content.decode()
    (folder / "orders.pem").unlink(missing_ok=True)
    write(folder / "orders.pem", pem_of(FIRST))
    steps_until(one, lambda: not fails())
    assert "Source fails" not in signed_in.get(LIST).content.decode()
    assert "do not renew themselves" not in signed_in.get("/").content.decode()


def test_what_another_entry_holds_is_a_failure_that_names_it(folder: Path, impatient: None, one: SourceKeeper) -> None:
    watched(folder)
    make_certificate("billing", SECOND)
    write(folder / "orders.pem", pem_of(SECOND))
    steps_until(one, fails)
    assert failing().get().trouble.endswith("is already uploaded as billing.")
    assert current() == FIRST.thumbprint


def test_a_roll_back_by_a_person_stays(folder: Path, one: SourceKeeper) -> None:
    entry = watched(folder)
    write(folder / "orders.pem", pem_of(SECOND))
    steps_until(one, lambda: current() == SECOND.thumbprint)
    certificate_actions.roll_back(entry, version=1, by=None, now=timezone.now())
    steps(one, seconds=1)
    assert current() == FIRST.thumbprint
    write(folder / "orders.pem", pem_of(THIRD))
    steps_until(one, lambda: current() == THIRD.thumbprint)


def test_a_machine_that_does_not_see_the_files_stays_silent_while_another_does(folder: Path, impatient: None, one: SourceKeeper) -> None:
    watched(folder)
    Source.objects.update(holder="another-machine", held_until=timezone.now() + timedelta(minutes=5))
    (folder / "orders.pem").unlink()
    steps(one, seconds=1)
    assert not failing().exists()
    Source.objects.update(held_until=timezone.now())
    steps_until(one, fails)


def test_who_sees_the_files_has_hold_of_the_source(folder: Path, one: SourceKeeper) -> None:
    watched(folder)
    one.step()
    source = Source.objects.get()
    assert source.holder == socket.gethostname()[:40]
    assert source.held_until is not None
    assert source.held_until > timezone.now()


def test_a_source_that_was_removed_meanwhile_brings_nothing(folder: Path) -> None:
    entry = watched(folder)
    source = Source.objects.get()
    write(folder / "orders.pem", pem_of(SECOND))
    brought = WatchedPlace.of(source.settings, (folder,)).bring()
    actions.unwatch(entry, by=None, now=timezone.now())
    now = timezone.now()
    actions.take(source, brought.digest, brought.open(now=now), now=now)
    assert current() == FIRST.thumbprint
