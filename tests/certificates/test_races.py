"""Several people at once: each gets the certificate or a clear refusal, never an error of ours."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from django.db import connection, transaction
from django.utils import timezone

from apis.models import Api, Credentials
from certificates import actions
from certificates.models import CertificateVersion, ClientCertificate
from certificates.pfx import Pfx
from tests.makers import issue, make_api, make_certificate

pytestmark = pytest.mark.django_db(transaction=True)
CROWD = 8


def at_once(works: list[Callable[[], object]]) -> list[object]:
    """Return what each of *works*, started at the same moment in a thread of its own, returned or raised."""
    barrier, outcomes = threading.Barrier(len(works)), list[object]()

    def attempt(work: Callable[[], object]) -> None:
        barrier.wait()
        try:
            outcomes.append(work())
        except Exception as error:  # noqa: BLE001 - whatever it is, the test judges it
            outcomes.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=attempt, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def uploading(pfx: Pfx, name: str = "") -> Callable[[], object]:
    return lambda: actions.upload(pfx, name=name, by=None, now=timezone.now())


def kinds(outcomes: list[object]) -> dict[str, int]:
    """Return how often each kind of outcome came about."""
    names = [type(outcome).__name__ for outcome in outcomes]
    return {name: names.count(name) for name in names}


def test_the_same_file_is_stored_once() -> None:
    pfx = issue().as_pfx()
    assert kinds(at_once([uploading(pfx)] * CROWD)) == {"ClientCertificate": 1, "AlreadyUploaded": CROWD - 1}
    assert CertificateVersion.objects.count() == 1


def test_a_name_is_given_once() -> None:
    outcomes = at_once([uploading(issue().as_pfx(), "orders") for _ in range(CROWD)])
    assert kinds(outcomes) == {"ClientCertificate": 1, "NameTaken": CROWD - 1}


def test_names_made_from_the_same_common_name_differ() -> None:
    outcomes = at_once([uploading(issue("orders").as_pfx()) for _ in range(CROWD)])
    assert kinds(outcomes) == {"ClientCertificate": CROWD}
    assert ClientCertificate.objects.filter(name__startswith="orders").count() == CROWD


def test_replacing_at_once_numbers_the_versions() -> None:
    entry = make_certificate()
    new = [issue().as_pfx() for _ in range(CROWD)]
    outcomes = at_once([lambda pfx=pfx: actions.replace(entry, pfx, by=None, now=timezone.now()) for pfx in new])  # type: ignore[misc]  # the default binds it now
    assert kinds(outcomes) == {"ClientCertificate": CROWD}
    assert set(entry.versions.values_list("number", flat=True)) == set(range(1, CROWD + 2))
    entry.refresh_from_db()
    assert entry.current is not None
    assert entry.current.number == CROWD + 1


def test_one_file_replaces_one_entry_only() -> None:
    pfx = issue().as_pfx()
    entries = [make_certificate(f"c{number}") for number in range(CROWD)]
    outcomes = at_once([lambda entry=entry: actions.replace(entry, pfx, by=None, now=timezone.now()) for entry in entries])  # type: ignore[misc]  # the default binds it now
    assert kinds(outcomes) == {"ClientCertificate": 1, "AlreadyUploaded": CROWD - 1}


def test_a_roll_back_and_whoever_saves_an_api_that_stays_do_not_wait_for_each_other() -> None:
    entry = make_certificate()
    api, first = make_api(), entry.current
    actions.replace(entry, issue().as_pfx(), by=None, now=timezone.now())
    Api.objects.update(credentials=Credentials.CLIENT_CERTIFICATE, certificate=entry, stays_with=first)
    outcomes = list[object]()
    rolling_back: list[Callable[[], object]] = [lambda: actions.roll_back(entry, version=1, by=None, now=timezone.now())]
    back = threading.Thread(target=lambda: outcomes.extend(at_once(rolling_back)))
    with transaction.atomic():  # as it is saved: the API, then its certificate
        Api.objects.select_for_update().get(pk=api.pk)
        back.start()
        _until_somebody_waits()
        ClientCertificate.objects.select_for_update().get(pk=entry.pk)
    back.join()
    assert kinds(outcomes) == {"ClientCertificate": 1}
    api.refresh_from_db()
    assert api.stays_with is None


def _until_somebody_waits() -> None:
    """Wait until another connection to PostgreSQL waits for a lock; SQLite has one, which the caller's transaction holds."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    until = time.monotonic() + 60
    while connection.vendor == "postgresql":
        assert time.monotonic() < until
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")  # a transaction sees what it has seen first
            cursor.execute(waiting)
            if cursor.fetchone() != (0,):
                return
        time.sleep(0.01)


def test_of_two_deletions_the_second_finds_nothing() -> None:
    entry = make_certificate()
    outcomes = at_once([lambda: actions.delete(entry, by=None, now=timezone.now())] * 2)
    assert kinds(outcomes) == {"NoneType": 1, "DoesNotExist": 1}
