"""Every change to certificate entries, of whatever kind: one function per change, rows and activity line in one transaction."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import IntegrityError, transaction

from certificates.facts import Facts
from certificates.holders import Holder, holders_of
from certificates.models import Certificate, CertificateVersion, ClientCertificate, KeyDestroyed, Kind, folded
from certificates.naming import unused_name
from certificates.rollout import probation, receipts, staying
from certificates.rollout.models import Candidate, rules_of
from certificates.uses import apis_that_need
from portal.activity import differences, record
from portal.models import Event

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User

    from apis.models import Api
    from certificates.pfx.model import Pfx
    from portal.models import Activity

C = TypeVar("C", bound=Certificate)

_TOLD = ("number", "subject", "issuer", "serial", "thumbprint", "not_before", "not_after")  # of a version, by the activity log
_ATTEMPTS = 10  # uploads at the same moment that may take a name made from the same common name


class AlreadyUploaded(Exception):
    """The very certificate is here already.

    :ivar certificate: the entry that holds it
    :ivar version: the version that does
    """

    def __init__(self, version: CertificateVersion) -> None:
        """Hold the version."""
        super().__init__(f"This certificate is already uploaded as {version.certificate.name}.")
        self.certificate = version.certificate
        self.version = version

    @property
    def is_earlier(self) -> bool:
        """Whether the entry holds it, but does not present it."""
        return self.version.pk != self.certificate.current_id


class NameTaken(Exception):
    """Another entry bears the name.

    :ivar certificate: that entry
    """

    def __init__(self, certificate: Certificate) -> None:
        """Hold the entry."""
        super().__init__(f"There is already a certificate named {certificate.name}.")
        self.certificate = certificate


class InUse(Exception):
    """APIs or back ends need the certificate, so it is not deleted.

    :ivar apis: those APIs, by name
    :ivar holders: what else holds it
    """

    def __init__(self, certificate: Certificate, apis: list[Api], holders: list[Holder]) -> None:
        """Hold the entry and who needs it."""
        by = [f"these {what}: {', '.join(one.name for one in found)}" for what, found in (("APIs", apis), ("back ends", holders)) if found]
        super().__init__(f"The certificate {certificate.name} is used by {' and '.join(by)}. Remove it from them first.")
        self.certificate = certificate
        self.apis = apis
        self.holders = holders


class AnotherPersonConfirms(Exception):
    """The entry says that another person confirms each switch: it has to be proposed (:mod:`certificates.rollout`).

    :ivar certificate: that entry
    """

    def __init__(self, certificate: Certificate) -> None:
        """Hold the entry."""
        super().__init__(f"Another person has to confirm a new version of {certificate.name}.")
        self.certificate = certificate


def upload(pfx: Pfx, *, name: str = "", by: User | None, now: datetime) -> ClientCertificate:
    """Store a new client certificate; see :func:`upload_as`."""
    return upload_as(ClientCertificate, pfx, name=name, by=by, now=now)


def upload_as(kind: type[C], pfx: Pfx, *, name: str = "", by: User | None, now: datetime, source: str = "") -> C:
    """Store a new entry of that *kind* with *pfx* as its first version.

    :param name: the entry's name; empty: made from the certificate's common name
    :param source: where it came from besides an upload; the activity log says so
    :raises AlreadyUploaded: if an entry holds this certificate already
    :raises NameTaken: if *name* is taken
    """
    facts = Facts.of(pfx.certificate)
    for attempt in range(_ATTEMPTS):
        refuse_second_upload(kind.KIND, pfx)
        _refuse_taken_name(kind.KIND, name)
        try:
            return _upload(kind, pfx, facts, name or _free_name(kind.KIND, facts), by=by, now=now, source=source)
        except IntegrityError:  # somebody else was faster; the next attempt sees what they have stored
            if attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError


def replace(certificate: C, pfx: Pfx, *, by: User | None, now: datetime, source: str = "") -> C:
    """Make *pfx* the current version; what uses the entry switches at once.

    :param source: where it came from besides an upload; the activity log says so
    :raises AlreadyUploaded: if an entry of its kind (this one included) holds this certificate already
    :raises AnotherPersonConfirms: if it may not be switched at once
    """
    refuse_second_upload(certificate.kind, pfx, to=certificate)
    _refuse_unconfirmed(certificate)
    return switch_to(certificate, pfx, by=by, now=now, source=source)


def renew(certificate: C, pfx: Pfx, *, by: User | None, now: datetime, source: str = "") -> C:
    """Make *pfx* the current version: a new one, or the earlier one that it is. For those who send what shall be, not what shall change.

    :raises AlreadyUploaded: if another entry holds this certificate
    :raises AnotherPersonConfirms: if it may not be switched at once
    """
    _refuse_unconfirmed(certificate)
    return switch_to(certificate, pfx, by=by, now=now, source=source)


def roll_back(certificate: C, *, version: int, by: User | None, now: datetime) -> C:
    """Make an earlier (or later) version the current one again; nothing happens if it is.

    :raises CertificateVersion.DoesNotExist: if the entry has no version of that number
    :raises certificates.models.KeyDestroyed: if the private key of that version was destroyed
    :raises AnotherPersonConfirms: if it may not be switched at once
    """
    _refuse_unconfirmed(certificate)
    return _roll_back(certificate, version=version, by=by, now=now)


def switch_to(certificate: C, pfx: Pfx, *, by: User | None, now: datetime, source: str = "") -> C:
    """Do what :func:`renew` does for what was confirmed (:mod:`certificates.rollout`).

    A version whose key was destroyed gets it back from *pfx*.

    :param source: where it came from besides an upload; the activity log says so
    :raises AlreadyUploaded: if another entry holds this certificate
    """
    sent = Facts.of(pfx.certificate).thumbprint_sha256
    if version := certificate.versions.filter(thumbprint_sha256=sent).first():
        with transaction.atomic():
            if version.destroyed_at:
                _bring_key_back(version, pfx)
            return switch_to_version(certificate, version=version.number, by=by, now=now, source=source)
    return _replace(certificate, pfx, by=by, now=now, source=source)


@transaction.atomic
def switch_to_version(certificate: C, *, version: int, by: User | None, now: datetime, source: str = "") -> C:
    """Do what :func:`switch_to` does for a version that the entry has.

    :raises certificates.models.KeyDestroyed: if its private key was destroyed
    """
    return _roll_back(certificate, version=version, by=by, now=now, source=source, on_probation=True)


def put_back(certificate: C, *, version: int, by: User | None, now: datetime) -> C:
    """Make the version before the current one again, because back ends refuse what has followed it (:mod:`certificates.rollout.steps`).

    :raises certificates.models.KeyDestroyed: if its private key was destroyed
    """
    return _roll_back(certificate, version=version, by=by, now=now, what="put-back")


@transaction.atomic
def add_ahead(certificate: C, pfx: Pfx, *, canary: str, by: User | None, now: datetime) -> CertificateVersion:
    """Let the API *canary* alone present *pfx*, a new version or an earlier one, while the current version stays. Tells nothing yet.

    :raises AlreadyUploaded: if another entry holds this certificate
    """
    entry = _locked(certificate)
    sent = Facts.of(pfx.certificate)
    version = entry.versions.filter(thumbprint_sha256=sent.thumbprint_sha256).first()
    if version is None:
        refuse_second_upload(entry.kind, pfx)
        version = _new_version(entry, pfx, sent, by=by, now=now)
        version.current_since = None
        version.save()
    elif version.destroyed_at:
        _bring_key_back(version, pfx)
    certificate.canary, certificate.ahead = canary, version
    certificate.revision = entry.revision + 1
    certificate.save(update_fields=["canary", "ahead", "revision"])
    return version


@transaction.atomic
def _roll_back(
    certificate: C,
    *,
    version: int,
    by: User | None,
    now: datetime,
    source: str = "",
    what: str = "",
    on_probation: bool = False,
) -> C:
    staying.hold(certificate, version)
    certificate = _locked(certificate)
    chosen = certificate.versions.get(number=version)
    if chosen == certificate.current:
        return certificate
    if chosen.destroyed_at:
        raise KeyDestroyed(chosen.sealed_name)
    before = certificate.current
    what = what or ("rolled-back" if chosen.current_since else "replaced")  # what was presented by a canary alone is still new
    chosen.current_since = now
    chosen.save(update_fields=["current_since"])
    _make_current(certificate, chosen, now=now)
    line = _tell_switch(what, certificate, before, chosen, by=by, now=now, source=source)
    if on_probation:
        probation.begin(line, certificate, before, chosen, source=source)
    return certificate


@transaction.atomic
def delete(certificate: Certificate, *, by: User | None, now: datetime) -> None:
    """Delete *certificate*, every version of it and their private keys.

    :raises InUse: if APIs or back ends need it; the error lists them
    """
    certificate = _locked(certificate)
    apis, holders = list(apis_that_need(certificate).order_by("name")), holders_of(certificate)
    if apis or holders:
        raise InUse(certificate, apis, holders)
    record(event_of("deleted", certificate), certificate, by=by, at=now, changes=differences(_told(certificate.current), {}))
    Certificate.objects.filter(pk=certificate.pk).update(current=None, ahead=None)
    certificate.delete()


def event_of(what: str, certificate: Certificate) -> Event:
    """Return the event that tells of *what* (``replaced``…) has happened to an entry of its kind."""
    kind = {Kind.CLIENT: "certificate", Kind.SERVER: "server-certificate"}[Kind(certificate.kind)]
    return Event(f"{kind}.{what}")


def _locked(certificate: C) -> C:
    return type(certificate).objects.select_for_update().get(pk=certificate.pk)


@transaction.atomic
def _upload(kind: type[C], pfx: Pfx, facts: Facts, name: str, *, by: User | None, now: datetime, source: str) -> C:
    certificate = kind.objects.create(kind=kind.KIND, name=name, created_at=now)
    version = _add_version(certificate, pfx, facts, by=by, now=now)
    event, changes, brought = event_of("uploaded", certificate), differences({}, _told(version)), _from(source)
    record(event, certificate, by=by, at=now, changes=changes, thumbprint=facts.thumbprint, subject=facts.shown_name, **brought)
    return certificate


def _replace(certificate: C, pfx: Pfx, *, by: User | None, now: datetime, source: str = "") -> C:
    try:
        return _add_as_current(certificate, pfx, by=by, now=now, source=source)
    except IntegrityError:
        refuse_second_upload(certificate.kind, pfx)  # somebody else was faster
        raise


@transaction.atomic
def _add_as_current(certificate: C, pfx: Pfx, *, by: User | None, now: datetime, source: str) -> C:
    certificate = _locked(certificate)
    before = certificate.current
    version = _add_version(certificate, pfx, Facts.of(pfx.certificate), by=by, now=now)
    line = _tell_switch("replaced", certificate, before, version, by=by, now=now, source=source)
    probation.begin(line, certificate, before, version, source=source)
    return certificate


def _tell_switch(
    what: str,
    certificate: Certificate,
    before: CertificateVersion | None,
    after: CertificateVersion,
    *,
    by: User | None,
    now: datetime,
    source: str,
) -> Activity:
    event, changes = event_of(what, certificate), differences(_told(before), _told(after))
    line = record(event, certificate, by=by, at=now, changes=changes, version=after.number, thumbprint=after.thumbprint, **_from(source))
    receipts.write(line, certificate, before, after)
    return line


def _told(version: CertificateVersion | None) -> dict[str, Any]:
    return {name: getattr(version, name) for name in _TOLD} if version else {}


def _from(source: str) -> dict[str, Any]:
    return {"source": source} if source else {}


def _refuse_unconfirmed(certificate: Certificate) -> None:
    if rules_of(certificate).another_person:
        raise AnotherPersonConfirms(certificate)


def _refuse_taken_name(kind: Kind, name: str) -> None:
    if name and (other := Certificate.objects.filter(kind=kind, folded_name=folded(name)).first()):
        raise NameTaken(other)


def refuse_second_upload(kind: str, pfx: Pfx, *, to: Certificate | None = None) -> None:
    """Refuse what is here already.

    :param to: the entry that it is for; what this one holds without a key, which was destroyed, may come again
    :raises AlreadyUploaded: if an entry of that *kind* holds this certificate
    """
    same = CertificateVersion.objects.filter(kind=kind, thumbprint_sha256=Facts.of(pfx.certificate).thumbprint_sha256)
    if to is not None:
        same = same.exclude(certificate=to.pk, destroyed_at__isnull=False)
    if holder := same.select_related("certificate").first():
        raise AlreadyUploaded(holder)


def _add_version(certificate: Certificate, pfx: Pfx, facts: Facts, *, by: User | None, now: datetime) -> CertificateVersion:
    version = _new_version(certificate, pfx, facts, by=by, now=now)
    version.save()
    _make_current(certificate, version, now=now)
    return version


def _new_version(certificate: Certificate, pfx: Pfx, facts: Facts, *, by: User | None, now: datetime) -> CertificateVersion:
    """Return the next version of an entry, sealed, not stored."""
    newest = certificate.versions.order_by("-number").values_list("number", flat=True).first() or 0
    version = CertificateVersion(
        certificate=certificate,
        kind=certificate.kind,
        number=newest + 1,
        der=pfx.certificate,
        chain=[base64.b64encode(der).decode() for der in pfx.chain],
        aside=[one.as_json() for one in pfx.aside],
        thumbprint=facts.thumbprint,
        thumbprint_sha256=facts.thumbprint_sha256,
        label=facts.shown_name or certificate.name,
        subject=facts.subject,
        issuer=facts.issuer,
        serial=facts.serial,
        key_type=facts.key_type,
        not_before=facts.not_before,
        not_after=facts.not_after,
        created_at=now,
        created_by=by,
        current_since=now,
    )
    version.seal(pfx.private_key)
    return version


def _bring_key_back(version: CertificateVersion, pfx: Pfx) -> None:
    version.seal(pfx.private_key)
    version.destroyed_at = version.destroyed_by = None
    version.save()


def _make_current(certificate: Certificate, version: CertificateVersion, *, now: datetime) -> None:
    """Let *version* be the current one, in whatever way it came; were it the candidate, or went it in steps, nothing is left to decide."""
    probation.supersede(certificate, at=now)
    staying.release(certificate, version)
    Candidate.objects.filter(certificate=certificate.pk, thumbprint_sha256=version.thumbprint_sha256).delete()
    if certificate.current:
        certificate.versions.filter(pk=certificate.current.pk).update(current_until=version.current_since)
    version.current_until = None
    version.save(update_fields=["current_until"])
    certificate.current = version
    certificate.canary, certificate.ahead = "", None
    certificate.revision += 1
    certificate.save(update_fields=["current", "canary", "ahead", "revision"])


def _free_name(kind: Kind, facts: Facts) -> str:
    """Return a name made from the common name; where there is none, from the first alternative name."""
    return free_name(kind, facts.common_name or facts.shown_name)


def free_name(kind: Kind, text: str) -> str:
    """Return a name nobody of that *kind* bears, made from *text*: ``Orders Client`` gives ``orders-client``."""
    return unused_name(text, Certificate.objects.filter(kind=kind))
