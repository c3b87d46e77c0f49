"""Judging versions, and noting what was found: by the page that needs it, or before by a thread of the xDS process."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from pathlib import Path

from django.db import DatabaseError, connection
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from certificates.doctor.models import Diagnosis
from certificates.judgement import DoubtKind, Purpose, breaks_at_renewal, doubts_of, ending_of
from certificates.judgement import doubts as judgement
from certificates.judgement.outlook import DATA
from certificates.models import Certificate, CertificateVersion
from portal.database import give_back

log = logging.getLogger(__name__)

_OF_THE_DATE = (DoubtKind.EXPIRED, DoubtKind.NOT_YET_VALID, DoubtKind.ISSUER_EXPIRED)
_BATCH = 200
_LOOK_SECONDS = 5.0
_LONGEST_PAUSE = 60.0


class Diagnosing:
    """The thread that judges what is not judged yet, after an upgrade for instance."""

    def run(self, stop: threading.Event) -> None:
        """Go on until *stop*; while the database is away, look ever more seldom."""
        pause = _LOOK_SECONDS
        while not stop.wait(pause):
            try:
                pause = 0.1 if diagnose_some(now=timezone.now()) else _LOOK_SECONDS
                give_back()
            except DatabaseError as error:
                log.warning("The doctor waits for the database: %s", error)
                connection.close()
                pause = min(pause * 2, _LONGEST_PAUSE)
        connection.close()


def diagnose_some(*, now: datetime) -> bool:
    """Judge some of the versions that are current and not judged yet; return whether there were any."""
    batch = list(_waiting().order_by("pk").only("certificate", "kind", "der", "chain", "not_after")[:_BATCH])
    if batch:
        _note([_diagnosis_of(version, now=now) for version in batch])
    return bool(batch)


@cache
def judged_by() -> str:
    """Return what tells this state of the judgement from others: another release judges anew what an earlier one has judged."""
    source = Path(judgement.__file__).read_bytes()
    return hashlib.sha256(DATA.read_bytes() + source).hexdigest()[:16]


def _waiting() -> QuerySet[CertificateVersion]:
    current = Certificate.objects.filter(current=OuterRef("pk"))
    judged = Diagnosis.objects.filter(version=OuterRef("pk"), judged_by=judged_by())
    return CertificateVersion.objects.filter(Exists(current), ~Exists(judged))


def _diagnosis_of(version: CertificateVersion, *, now: datetime) -> Diagnosis:
    try:
        path, purpose = version.path, Purpose(version.kind)
    except ValueError:  # damaged in the database; the others are judged all the same
        log.warning("Version %s holds no certificate that can be read.", version.pk)
        return Diagnosis(version=version, judged_by=judged_by(), is_doubtful=True, breaks=False)
    _, *above = path
    ending = ending_of(path, purpose)
    return Diagnosis(
        version=version,
        judged_by=judged_by(),
        is_doubtful=any(doubt.kind not in _OF_THE_DATE for doubt in doubts_of(path, purpose, now=now)),
        issuers_from=max((one.not_before for one in above), default=None),
        issuers_until=min((one.not_after for one in above), default=None),
        authority=ending.authority if ending else "",
        breaks=ending is not None and breaks_at_renewal(ending, version.not_after),
    )


def _note(found: Iterable[Diagnosis]) -> None:
    fields = [field.name for field in Diagnosis._meta.concrete_fields if not field.primary_key]
    Diagnosis.objects.bulk_create(found, update_conflicts=True, unique_fields=["version"], update_fields=fields)
