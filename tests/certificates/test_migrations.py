"""Entries from before names were compared without regard to case."""

from __future__ import annotations

from django.apps import apps
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from kit.issuing import issue
from tests.certificates import odd

BEFORE, AFTER = "0002_current_since", "0004_names_differ_by_more_than_case"


def test_entries_get_their_labels_and_names_that_differ_by_case_alone_a_number(empty_database: None) -> None:
    executor = MigrationExecutor(connection)
    executor.migrate([("certificates", BEFORE)])
    old = executor.loader.project_state([("certificates", BEFORE)]).apps
    for number, name in enumerate(["ren", "REN", "Ren", "ren-2", "other"]):
        entry = old.get_model("certificates", "ClientCertificate").objects.create(name=name, created_at=timezone.now())
        _version(old, entry, number)
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())
    entries = apps.get_model("certificates", "ClientCertificate").objects
    assert list(entries.order_by("pk").values_list("name", flat=True)) == ["ren", "REN-3", "Ren-4", "ren-2", "other"]
    assert entries.named("REN").get().name == "ren"
    labels = apps.get_model("certificates", "CertificateVersion").objects.order_by("number").values_list("label", flat=True)
    assert list(labels) == ["CN=one, O=Example", "host.example", *["CN=one, O=Example"] * 3]


def _version(old: object, entry: object, number: int) -> None:
    """Store a version as it was; the second one has an empty subject."""
    issued = issue("one")
    bare = odd.odd(subject=odd.name(), extensions=(odd.alternative_names(b"\x82\x0chost.example"),))
    moment = timezone.now()
    old.get_model("certificates", "CertificateVersion").objects.create(  # type: ignore[attr-defined]  # the registry of that time
        certificate=entry,
        number=number,
        der=bare.der if number == 1 else issued.der,
        subject="" if number == 1 else "CN=one, O=Example",
        thumbprint=f"{number:040X}",
        thumbprint_sha256=f"{number:064X}",
        not_before=moment,
        not_after=moment,
        created_at=moment,
        wrapped_key=b"",
        ciphertext=b"",
    )
