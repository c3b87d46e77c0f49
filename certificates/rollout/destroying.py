"""Destroying the private keys of versions that nobody is shown any more: by hand, or by an entry's rule after so many quiet days.

The row stays, with what it says of the certificate. Its key is sealed anew as nothing; SQLite overwrites the old bytes (``secure_delete``)
and its journal is cut off. What else may hold them, the pages of PostgreSQL and backups, opens only with the ring's keys of then.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from certificates.actions import event_of
from certificates.models import Certificate, CertificateVersion
from certificates.rollout.models import Candidate, Rules
from certificates.rollout.staying import is_kept, is_kept_by_any
from certificates.sealing import Secret
from portal.activity import record

if TYPE_CHECKING:
    from django.contrib.auth.models import User

StandIns = Callable[[Certificate], Collection[UUID]]
_stand_ins: list[StandIns] = []
_NOTED_EVERY = timedelta(hours=1)


class StillPresented(Exception):
    """The version is the current one, some API stays with it, or it stands in for the current one at a gateway that refuses that."""


def stand_ins_by(stand_ins: StandIns) -> None:
    """Let *stand_ins* tell which versions of an entry gateways present in place of a current one. Called once, by the app that knows."""
    _stand_ins[:] = [stand_ins]


def is_presented(version: CertificateVersion) -> bool:
    """Return whether somebody is shown a version now, as far as gateways have told."""
    (stand_ins,) = _stand_ins
    entry = version.certificate
    return version.pk in {entry.current_id, entry.ahead_id} or is_kept(version) or version.pk in stand_ins(entry)


@transaction.atomic
def destroy_key(certificate: Certificate, *, version: int, by: User | None, now: datetime) -> None:
    """Destroy the private key of a version, and of a candidate that it is; nothing happens if that was done.

    :raises CertificateVersion.DoesNotExist: if the entry has no version of that number
    :raises StillPresented: if somebody is shown it
    """
    entry = Certificate.objects.select_for_update().get(pk=certificate.pk)
    chosen = entry.versions.select_related("certificate").get(number=version)
    if chosen.destroyed_at:
        return
    if is_presented(chosen):
        raise StillPresented
    chosen.seal(Secret(b""))
    chosen.destroyed_at, chosen.destroyed_by = now, by
    chosen.save()
    Candidate.objects.filter(certificate=entry, thumbprint_sha256=chosen.thumbprint_sha256).delete()
    record(event_of("key-destroyed", entry), entry, by=by, at=now, version=chosen.number, thumbprint=chosen.thumbprint)
    transaction.on_commit(_cut_off_journal)


def destroy_quiet_keys(*, now: datetime) -> None:
    """Destroy the keys that the rules of entries say are due; not that of a version which is to be gone back to."""
    _note_what_is_kept(now=now)
    for rules in Rules.objects.filter(destroy_after_days__isnull=False).select_related("certificate__current"):
        proposed = Candidate.objects.filter(certificate=rules.certificate_id).values("thumbprint_sha256")
        for version in rules.certificate.versions.filter(destroyed_at=None).exclude(thumbprint_sha256__in=proposed):
            quiet = quiet_since(version, rules.certificate)
            if quiet and quiet <= now - timedelta(days=rules.destroy_after_days or 0):
                _destroy_unless_presented(version, rules.certificate, now=now)


def _note_what_is_kept(*, now: datetime) -> None:
    """Note that the versions which APIs stay with are presented until now: their quiet days begin once the last API follows."""
    ruled = CertificateVersion.objects.filter(certificate__rules__destroy_after_days__isnull=False, destroyed_at=None)
    ruled.filter(is_kept_by_any(), current_until__lt=now - _NOTED_EVERY).update(current_until=now)


def _destroy_unless_presented(version: CertificateVersion, certificate: Certificate, *, now: datetime) -> None:
    """Destroy the key of a version that is due; where somebody is shown it all the same, its quiet days begin anew."""
    try:
        destroy_key(certificate, version=version.number, by=None, now=now)
    except StillPresented:
        current = Certificate.objects.filter(current=OuterRef("pk"))
        certificate.versions.filter(~Exists(current), pk=version.pk).update(current_until=now)


def quiet_since(version: CertificateVersion, certificate: Certificate) -> datetime | None:
    """Return since when a version is not current, ``None`` if it is; at the latest since the present one is."""
    if version.pk in {certificate.current_id, certificate.ahead_id} or certificate.current is None:
        return None
    return version.current_until or certificate.current.current_since


def _cut_off_journal() -> None:
    """Have SQLite write its journal, in which the old bytes are, into the database, and empty it; if somebody reads just now, later."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
