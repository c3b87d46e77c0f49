"""Entries are told to renew themselves from files that something else writes, never from outside the folders allowed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from certificates import actions as certificate_actions
from certificates.models import ClientCertificate, ServerCertificate
from certificates.sources.models import Source
from portal.models import Activity, Event
from tests.certificates.sources.places import (
    AUTHORITY,
    FIRST,
    INTERMEDIATE,
    LIST,
    SECOND,
    WATCH,
    current,
    kubernetes,
    pem_of,
    watched,
    write,
)
from tests.makers import Issued, issue, make_certificate
from tests.types import Page

pytestmark = [pytest.mark.any_database, pytest.mark.django_db]


def complaint(page: Page, field: str = "path") -> str:
    assert page.status_code == 422
    return str(page.context["form"].errors[field][0])


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


def test_an_entry_that_is_there_is_given_a_source_and_what_lies_there_is_its_next_version(signed_in: Client, folder: Path) -> None:
    make_certificate("orders", FIRST)
    write(folder / "orders.pem", pem_of(SECOND))
    assert f"{WATCH}?name=orders" in signed_in.get(f"{LIST}orders/").content.decode()
    assert signed_in.get(f"{WATCH}?name=orders").context["form"].initial == {"name": "orders"}
    assert signed_in.post(WATCH, {"name": "orders", "path": f"{folder}/orders.pem"}).status_code == 303
    assert current() == SECOND.thumbprint
    assert signed_in.get(f"{WATCH}?name=orders").context["form"].initial == {"name": "orders", "path": f"{folder}/orders.pem"}


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


@pytest.mark.parametrize("lay_out", [kubernetes, certbot, several_kinds, one_pfx])
def test_a_folder_is_read_as_its_writers_lay_it_out(signed_in: Client, folder: Path, lay_out: Callable[[Path, Issued], None]) -> None:
    lay_out(folder, FIRST)
    answer = signed_in.post(WATCH, {"name": "orders", "path": str(folder)})
    assert answer.status_code == 303
    entry = ClientCertificate.objects.get(name="orders")
    assert entry.current is not None
    assert entry.current.thumbprint == FIRST.thumbprint
    assert entry.current.chain_der[0] == INTERMEDIATE.der


def test_certificate_chain_and_key_may_be_files_of_their_own(signed_in: Client, folder: Path) -> None:
    parts = {"path": FIRST.pem, "chain_file": FIRST.chain_pem, "key_file": FIRST.key_pem}
    sent = {name: str(write(folder / f"{name}.pem", text)) for name, text in parts.items()}
    assert signed_in.post(WATCH, {"name": "", **sent}).status_code == 303
    assert current() == FIRST.thumbprint


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


def test_what_another_entry_holds_names_that_entry(signed_in: Client, folder: Path) -> None:
    make_certificate("billing", FIRST)
    write(folder / "orders.pem", pem_of(FIRST))
    page = signed_in.post(WATCH, {"name": "orders", "path": f"{folder}/orders.pem"})
    assert "already uploaded as billing. Enter that name" in complaint(page, "name")
    assert signed_in.post(WATCH, {"name": "billing", "path": f"{folder}/orders.pem"}).status_code == 303
    assert ClientCertificate.objects.get(name="billing").versions.count() == 1


def test_an_entry_stops_renewing_itself_and_keeps_what_it_has(signed_in: Client, folder: Path) -> None:
    watched(folder)
    assert b"Yes, stop" in signed_in.get(f"{LIST}orders/unwatch/").content
    assert signed_in.post(f"{LIST}orders/unwatch/").status_code == 303
    assert not Source.objects.exists()
    assert current() == FIRST.thumbprint
    assert Activity.objects.filter(event=Event.CERTIFICATE_SOURCE_REMOVED).count() == 1


def test_a_deleted_entry_takes_its_source_along(folder: Path) -> None:
    certificate_actions.delete(watched(folder), by=None, now=timezone.now())
    assert not Source.objects.exists()
