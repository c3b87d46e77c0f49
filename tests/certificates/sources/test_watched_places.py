"""Entries renew themselves from files that something else writes: at once, whole, once, and never from outside the folders allowed."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from certificates import actions as certificate_actions
from certificates.models import ClientCertificate, ServerCertificate
from certificates.sources import actions, keeper
from certificates.sources.keeper import SourceKeeper
from certificates.sources.models import Source, SourceKind
from certificates.sources.standing import failing
from certificates.sources.watched import WatchedPlace
from kit.issuing import rsa_key
from portal.models import Activity, Event
from tests.makers import Issued, issue, make_certificate
from tests.types import Page

pytestmark = pytest.mark.any_database

LIST = "/security/client-certificates/"
WATCH = f"{LIST}watch/"
AUTHORITY = issue("Example Root", authority=True)
INTERMEDIATE = issue("Example Issuing", authority=True, by=AUTHORITY)
FIRST, SECOND, THIRD = (issue("orders", by=INTERMEDIATE) for _ in range(3))
plain_tests = pytest.mark.django_db
with_threads = pytest.mark.django_db(transaction=True)


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Path:
    """Return a folder that may be watched."""
    settings.WATCHED_FOLDERS = (tmp_path / "watched",)
    (tmp_path / "watched").mkdir()
    return tmp_path / "watched"


def write(path: Path, content: bytes | str) -> Path:
    """Write a file whole, as careful writers do: beside, then in its place."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(content if isinstance(content, bytes) else content.encode())
    return beside.rename(path)


def pem_of(issued: Issued) -> str:
    return issued.pem + issued.chain_pem + issued.key_pem


def current(name: str = "orders") -> str:
    """Return the thumbprint of what the entry presents."""
    version = ClientCertificate.objects.select_related("current").get(name=name).current
    assert version is not None
    return version.thumbprint


def complaint(page: Page, field: str = "path") -> str:
    assert page.status_code == 422
    return str(page.context["form"].errors[field][0])


def watched(folder: Path, **values: str) -> ClientCertificate:
    """Let the entry *orders* renew itself from a file below *folder*."""
    place = WatchedPlace.of({"path": str(write(folder / "orders.pem", pem_of(FIRST))), **values}, (folder,))
    return actions.watch(ClientCertificate, place, name="orders", by=None, now=timezone.now())


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


# --- setting it up ----------------------------------------------------------------------------------------------------


@plain_tests
def test_what_lies_there_becomes_an_entry_that_says_where_it_renews_itself_from(signed_in: Client, publisher: User, folder: Path) -> None:
    write(folder / "orders.pfx", FIRST.pfx_file("with blanks  "))
    write(folder / "password", "with blanks  \r\n")
    answer = signed_in.post(WATCH, {"name": "orders", "path": f"{folder}/orders.pfx", "password_file": f"{folder}/password"})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{LIST}orders/")
    assert current() == FIRST.thumbprint
    page = signed_in.get(f"{LIST}orders/").content.decode()
    assert f"{folder}/orders.pfx" in page
    assert "with blanks" not in page
    assert "renews itself" in signed_in.get(LIST).content.decode()
    line = Activity.objects.get(event=Event.CERTIFICATE_SOURCE_SET)
    assert (line.actor, line.details["place"]) == (publisher, f"{folder}/orders.pfx")


@plain_tests
def test_an_entry_that_is_there_is_given_a_source_and_what_lies_there_is_its_next_version(signed_in: Client, folder: Path) -> None:
    make_certificate("orders", FIRST)
    write(folder / "orders.pem", pem_of(SECOND))
    assert f"{WATCH}?name=orders" in signed_in.get(f"{LIST}orders/").content.decode()
    assert signed_in.get(f"{WATCH}?name=orders").context["form"].initial == {"name": "orders"}
    assert signed_in.post(WATCH, {"name": "orders", "path": f"{folder}/orders.pem"}).status_code == 303
    assert current() == SECOND.thumbprint
    assert signed_in.get(f"{WATCH}?name=orders").context["form"].initial == {"name": "orders", "path": f"{folder}/orders.pem"}


def kubernetes(folder: Path, issued: Issued) -> None:
    """Lay files out as a mounted secret has them."""
    data = folder / "..2026_11_26"
    data.mkdir()
    (data / "tls.crt").write_text(issued.pem + issued.chain_pem)
    (data / "tls.key").write_text(issued.key_pem)
    (data / "ca.crt").write_text(AUTHORITY.pem)
    (folder / "..data").symlink_to(data.name)
    for name in ("tls.crt", "tls.key", "ca.crt"):
        (folder / name).symlink_to(f"..data/{name}")


def certbot(folder: Path, issued: Issued) -> None:
    """Lay files out as certbot does: links into an archive."""
    archive = folder / "archive"
    archive.mkdir()
    parts = {"cert": issued.pem, "chain": issued.chain_pem, "fullchain": issued.pem + issued.chain_pem, "privkey": issued.key_pem}
    for name, text in parts.items():
        (archive / f"{name}1.pem").write_text(text)
        (folder / f"{name}.pem").symlink_to(f"archive/{name}1.pem")
    (folder / "README").write_text("This directory contains your keys and certificates.")


def several_kinds(folder: Path, issued: Issued) -> None:
    """Lay files out as cert-manager does with a keystore asked for."""
    (folder / "tls.crt").write_text(issued.pem + issued.chain_pem)
    (folder / "tls.key").write_text(issued.key_pem)
    (folder / "keystore.p12").write_bytes(issued.pfx_file("changeit"))
    (folder / "truststore.p12").write_bytes(AUTHORITY.pfx_file("changeit"))


def one_pfx(folder: Path, issued: Issued) -> None:
    (folder / "orders.pfx").write_bytes(issued.pfx_file(""))
    (folder / "notes.txt").write_text("whatever")


@plain_tests
@pytest.mark.parametrize("lay_out", [kubernetes, certbot, several_kinds, one_pfx])
def test_a_folder_is_read_as_its_writers_lay_it_out(signed_in: Client, folder: Path, lay_out: Callable[[Path, Issued], None]) -> None:
    lay_out(folder, FIRST)
    answer = signed_in.post(WATCH, {"name": "orders", "path": str(folder)})
    assert answer.status_code == 303
    entry = ClientCertificate.objects.get(name="orders")
    assert entry.current is not None
    assert entry.current.thumbprint == FIRST.thumbprint
    assert entry.current.chain_der[0] == INTERMEDIATE.der


@plain_tests
def test_certificate_chain_and_key_may_be_files_of_their_own(signed_in: Client, folder: Path) -> None:
    parts = {"path": FIRST.pem, "chain_file": FIRST.chain_pem, "key_file": FIRST.key_pem}
    sent = {name: str(write(folder / f"{name}.pem", text)) for name, text in parts.items()}
    assert signed_in.post(WATCH, {"name": "", **sent}).status_code == 303
    assert current() == FIRST.thumbprint


@plain_tests
def test_server_certificates_renew_themselves_as_well(signed_in: Client, folder: Path) -> None:
    pages = "/security/server-certificates/"
    write(folder / "api.pem", pem_of(issue("api.example.com", hosts=("api.example.com",))))
    assert signed_in.post(f"{pages}watch/", {"name": "", "path": f"{folder}/api.pem"}).status_code == 303
    assert ServerCertificate.objects.filter(name="api.example.com").exists()


MISTAKES: dict[str, tuple[Callable[[Path], dict[str, str]], str, str]] = {
    "a path that is not whole": (lambda _: {"path": "orders.pem"}, "path", "Give the whole path"),
    "elsewhere": (lambda _: {"path": "/etc/passwd"}, "path", "/etc/passwd does not lie below a folder that may be watched"),
    "elsewhere, by dots": (lambda folder: {"path": f"{folder}/../secret.pem"}, "path", "does not lie below"),
    "a link out": (lambda folder: {"path": f"{folder}/out.pem"}, "path", "leads by a link out of the folders"),
    "a folder that leads out": (lambda folder: {"path": f"{folder}/out/secret.pem"}, "path", "leads by a link out of the folders"),
    "a link out in a folder": (lambda folder: {"path": f"{folder}/with-a-link"}, "path", "leads by a link out of the folders"),
    "a link to what the process has open": (lambda folder: {"path": f"{folder}/self"}, "path", "leads by a link out of the folders"),
    "a link to itself": (lambda folder: {"path": f"{folder}/loop"}, "path", "cannot be read"),
    "nothing": (lambda folder: {"path": f"{folder}/none.pem"}, "path", "There is nothing at "),
    "below a file": (lambda folder: {"path": f"{folder}/good.pem/x"}, "path", "There is nothing at "),
    "a pipe": (lambda folder: {"path": f"{folder}/pipe"}, "path", "neither a file nor a folder"),
    "an empty folder": (lambda folder: {"path": f"{folder}/empty"}, "path", "holds no file that ends in"),
    "two .pfx files": (lambda folder: {"path": f"{folder}/two"}, "path", "holds several .pfx files (a.pfx, b.pfx)"),
    "a certificate alone": (lambda folder: {"path": f"{folder}/certificate.pem"}, "path", "holds no private key"),
    "a key of another certificate": (
        lambda folder: {"path": f"{folder}/certificate.pem", "key_file": f"{folder}/other.key"},
        "path",
        "no certificate that belongs to it",
    ),
    "something else": (lambda folder: {"path": f"{folder}/words.pem"}, "path", "This is not a .pfx"),
    "a password that is wrong": (
        lambda folder: {"path": f"{folder}/orders.pfx", "password_file": f"{folder}/words.pem"},
        "password_file",
        "The password is not correct",
    ),
    "a password that is missing": (lambda folder: {"path": f"{folder}/orders.pfx"}, "path", "The password is not correct"),
    "a password file elsewhere": (
        lambda folder: {"path": f"{folder}/orders.pfx", "password_file": "/etc/hostname"},
        "password_file",
        "/etc/hostname does not lie below",
    ),
    "a NUL": (lambda folder: {"path": f"{folder}/a\0b"}, "path", "Null characters are not allowed."),
}


@plain_tests
@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_cannot_be_watched_is_refused_with_a_sentence_and_nothing_is_stored(signed_in: Client, folder: Path, mistake: str) -> None:
    (folder.parent / "secret.pem").write_text(pem_of(FIRST))
    write(folder / "good.pem", pem_of(FIRST))
    write(folder / "certificate.pem", FIRST.pem)
    write(folder / "other.key", SECOND.key_pem)
    write(folder / "words.pem", "words")
    write(folder / "orders.pfx", FIRST.pfx_file())
    (folder / "out.pem").symlink_to("../secret.pem")
    (folder / "out").symlink_to("..")
    (folder / "self").symlink_to("/proc/self/environ")
    (folder / "loop").symlink_to("loop")
    for name in ("empty", "two", "with-a-link"):
        (folder / name).mkdir()
    (folder / "with-a-link" / "tls.pem").symlink_to("../../secret.pem")
    for name in ("a.pfx", "b.pfx"):
        write(folder / "two" / name, FIRST.pfx_file())
    os.mkfifo(folder / "pipe")
    sent, field, words = MISTAKES[mistake]
    page = signed_in.post(WATCH, {"name": "orders", **sent(folder)})
    assert words in complaint(page, field)
    assert not Source.objects.exists()
    assert not ClientCertificate.objects.exists()


@plain_tests
def test_what_another_entry_holds_names_that_entry(signed_in: Client, folder: Path) -> None:
    make_certificate("billing", FIRST)
    write(folder / "orders.pem", pem_of(FIRST))
    page = signed_in.post(WATCH, {"name": "orders", "path": f"{folder}/orders.pem"})
    assert "already uploaded as billing. Enter that name" in complaint(page, "name")
    assert signed_in.post(WATCH, {"name": "billing", "path": f"{folder}/orders.pem"}).status_code == 303
    assert ClientCertificate.objects.get(name="billing").versions.count() == 1


@plain_tests
def test_an_entry_stops_renewing_itself_and_keeps_what_it_has(signed_in: Client, folder: Path) -> None:
    watched(folder)
    assert b"Yes, stop" in signed_in.get(f"{LIST}orders/unwatch/").content
    assert signed_in.post(f"{LIST}orders/unwatch/").status_code == 303
    assert not Source.objects.exists()
    assert current() == FIRST.thumbprint
    assert Activity.objects.filter(event=Event.CERTIFICATE_SOURCE_REMOVED).count() == 1


@plain_tests
def test_where_it_renews_itself_from_is_undone_and_put_back_from_the_log(signed_in: Client, folder: Path) -> None:
    watched(folder)
    stopped = signed_in.post(f"{LIST}orders/unwatch/", follow=True).content.decode()
    line = Activity.objects.latest("id")
    assert line.changes == {"place": [f"{folder}/orders.pem", None]}
    assert f"/activity/{line.pk}/undo/" in stopped
    assert signed_in.post(f"/activity/{line.pk}/undo/").headers["Location"] == f"{LIST}orders/"
    assert Source.objects.get().settings == {"path": f"{folder}/orders.pem"}
    write(folder / "next.pfx", SECOND.pfx_file("secret"))
    write(folder / "password", "secret")
    elsewhere = {"path": f"{folder}/next.pfx", "password_file": f"{folder}/password"}
    signed_in.post(WATCH, {"name": "orders", **elsewhere})
    moved = Activity.objects.latest("id")
    assert moved.changes == {"place": [f"{folder}/orders.pem", elsewhere["path"]], "password_file": [None, elsewhere["password_file"]]}
    assert "Password file" in signed_in.get(f"/activity/{moved.pk}/").content.decode()
    for values, settings in (("before", {"path": f"{folder}/orders.pem"}), ("after", elsewhere)):
        assert signed_in.post(f"/activity/{moved.pk}/restore/", {"values": values}).status_code == 303
        assert Source.objects.get().settings == settings
    (folder / "orders.pem").unlink()
    refused = signed_in.post(f"/activity/{moved.pk}/restore/", {"values": "before"})
    assert refused.status_code == 409
    assert Source.objects.get().settings == elsewhere


@plain_tests
def test_what_was_ordered_is_not_put_back_without_its_account(signed_in: Client) -> None:
    entry = make_certificate("orders", FIRST)
    ordered = {"directory": "https://acme.test", "names": "a.test"}
    Source.objects.create(certificate_id=entry.pk, kind=SourceKind.ACME, looked_at=timezone.now(), settings=ordered)
    actions.unwatch(entry, by=None, now=timezone.now())
    refused = signed_in.post(f"/activity/{Activity.objects.latest('id').pk}/undo/")
    assert refused.status_code == 409
    assert "Order the certificate by ACME anew" in refused.content.decode()
    assert not Source.objects.exists()


@plain_tests
def test_a_deleted_entry_takes_its_source_along(folder: Path) -> None:
    certificate_actions.delete(watched(folder), by=None, now=timezone.now())
    assert not Source.objects.exists()


# --- watching ---------------------------------------------------------------------------------------------------------


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


@plain_tests
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


@plain_tests
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


@plain_tests
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


@plain_tests
def test_a_renewal_without_a_chain_is_taken_after_a_while(folder: Path, impatient: None, one: SourceKeeper) -> None:
    watched(folder)
    write(folder / "orders.pem", SECOND.pem + SECOND.key_pem)
    steps_until(one, lambda: current() == SECOND.thumbprint)


@plain_tests
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


@plain_tests
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


@plain_tests
def test_what_another_entry_holds_is_a_failure_that_names_it(folder: Path, impatient: None, one: SourceKeeper) -> None:
    watched(folder)
    make_certificate("billing", SECOND)
    write(folder / "orders.pem", pem_of(SECOND))
    steps_until(one, fails)
    assert failing().get().trouble.endswith("is already uploaded as billing.")
    assert current() == FIRST.thumbprint


@plain_tests
def test_a_roll_back_by_a_person_stays(folder: Path, one: SourceKeeper) -> None:
    entry = watched(folder)
    write(folder / "orders.pem", pem_of(SECOND))
    steps_until(one, lambda: current() == SECOND.thumbprint)
    certificate_actions.roll_back(entry, version=1, by=None, now=timezone.now())
    steps(one, seconds=1)
    assert current() == FIRST.thumbprint
    write(folder / "orders.pem", pem_of(THIRD))
    steps_until(one, lambda: current() == THIRD.thumbprint)


@plain_tests
def test_a_machine_that_does_not_see_the_files_stays_silent_while_another_does(folder: Path, impatient: None, one: SourceKeeper) -> None:
    watched(folder)
    Source.objects.update(holder="another-machine", held_until=timezone.now() + timedelta(minutes=5))
    (folder / "orders.pem").unlink()
    steps(one, seconds=1)
    assert not failing().exists()
    Source.objects.update(held_until=timezone.now())
    steps_until(one, fails)


@plain_tests
def test_who_sees_the_files_has_hold_of_the_source(folder: Path, one: SourceKeeper) -> None:
    watched(folder)
    one.step()
    source = Source.objects.get()
    assert source.holder == socket.gethostname()[:40]
    assert source.held_until is not None
    assert source.held_until > timezone.now()


@plain_tests
def test_a_source_that_was_removed_meanwhile_brings_nothing(folder: Path) -> None:
    entry = watched(folder)
    source = Source.objects.get()
    write(folder / "orders.pem", pem_of(SECOND))
    brought = WatchedPlace.of(source.settings, (folder,)).bring()
    actions.unwatch(entry, by=None, now=timezone.now())
    now = timezone.now()
    actions.take(source, brought.digest, brought.open(now=now), now=now)
    assert current() == FIRST.thumbprint
