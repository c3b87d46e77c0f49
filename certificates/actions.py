"""Every change to client certificates: one function per change, rows and activity line in one transaction."""

from __future__ import annotations

import base64
import re
import unicodedata
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction

from certificates.facts import Facts
from certificates.models import NAME_MAX_LENGTH, RESERVED_NAMES, CertificateVersion, ClientCertificate, folded
from portal.activity import differences, record
from portal.characters import deceives
from portal.models import Event

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User

    from apis.models import Api
    from certificates.pfx.model import Pfx

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

    def __init__(self, certificate: ClientCertificate) -> None:
        """Hold the entry."""
        super().__init__(f"There is already a certificate named {certificate.name}.")
        self.certificate = certificate


class InUse(Exception):
    """APIs present the certificate, so it is not deleted.

    :ivar apis: those APIs, by name
    """

    def __init__(self, certificate: ClientCertificate, apis: list[Api]) -> None:
        """Hold the entry and the APIs."""
        names = ", ".join(api.name for api in apis)
        super().__init__(f"The certificate {certificate.name} is used by these APIs: {names}. Remove it from them first.")
        self.certificate = certificate
        self.apis = apis


def upload(pfx: Pfx, *, name: str = "", by: User | None, now: datetime) -> ClientCertificate:
    """Store a new entry with *pfx* as its first version.

    :param name: the entry's name; empty: made from the certificate's common name
    :raises AlreadyUploaded: if an entry holds this certificate already
    :raises NameTaken: if *name* is taken
    """
    facts = Facts.of(pfx.certificate)
    for attempt in range(_ATTEMPTS):
        _refuse_second_upload(facts)
        _refuse_taken_name(name)
        try:
            return _upload(pfx, facts, name or _free_name(facts), by=by, now=now)
        except IntegrityError:  # somebody else was faster; the next attempt sees what they have stored
            if attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError


def replace(certificate: ClientCertificate, pfx: Pfx, *, by: User | None, now: datetime) -> ClientCertificate:
    """Make *pfx* the current version; the APIs that point at the entry switch at once.

    :raises AlreadyUploaded: if an entry (this one included) holds this certificate already
    """
    facts = Facts.of(pfx.certificate)
    _refuse_second_upload(facts)
    try:
        return _replace(certificate, pfx, facts, by=by, now=now)
    except IntegrityError:
        _refuse_second_upload(facts)  # somebody else was faster
        raise


def renew(certificate: ClientCertificate, pfx: Pfx, *, by: User | None, now: datetime) -> ClientCertificate:
    """Make *pfx* the current version: a new one, or the earlier one that it is. For those who send what shall be, not what shall change.

    :raises AlreadyUploaded: if another entry holds this certificate
    """
    sent = Facts.of(pfx.certificate).thumbprint_sha256
    if version := certificate.versions.filter(thumbprint_sha256=sent).first():
        return roll_back(certificate, version=version.number, by=by, now=now)
    return replace(certificate, pfx, by=by, now=now)


@transaction.atomic
def roll_back(certificate: ClientCertificate, *, version: int, by: User | None, now: datetime) -> ClientCertificate:
    """Make an earlier (or later) version the current one again; nothing happens if it is.

    :raises CertificateVersion.DoesNotExist: if the entry has no version of that number
    """
    certificate = _locked(certificate)
    chosen = certificate.versions.get(number=version)
    if chosen == certificate.current:
        return certificate
    before = certificate.current
    chosen.current_since = now
    chosen.save(update_fields=["current_since"])
    _make_current(certificate, chosen)
    changes = _differences(before, chosen)
    record(Event.CERTIFICATE_ROLLED_BACK, certificate, by=by, at=now, changes=changes, version=version, thumbprint=chosen.thumbprint)
    return certificate


@transaction.atomic
def delete(certificate: ClientCertificate, *, by: User | None, now: datetime) -> None:
    """Delete *certificate*, every version of it and their private keys.

    :raises InUse: if APIs present it; the error lists them
    """
    certificate = _locked(certificate)
    if apis := list(certificate.apis.order_by("name")):
        raise InUse(certificate, apis)
    record(Event.CERTIFICATE_DELETED, certificate, by=by, at=now)
    ClientCertificate.objects.filter(pk=certificate.pk).update(current=None)
    certificate.delete()


def _locked(certificate: ClientCertificate) -> ClientCertificate:
    return ClientCertificate.objects.select_for_update().get(pk=certificate.pk)


@transaction.atomic
def _upload(pfx: Pfx, facts: Facts, name: str, *, by: User | None, now: datetime) -> ClientCertificate:
    certificate = ClientCertificate.objects.create(name=name, created_at=now)
    _add_version(certificate, pfx, facts, by=by, now=now)
    record(Event.CERTIFICATE_UPLOADED, certificate, by=by, at=now, thumbprint=facts.thumbprint, subject=facts.shown_name)
    return certificate


@transaction.atomic
def _replace(certificate: ClientCertificate, pfx: Pfx, facts: Facts, *, by: User | None, now: datetime) -> ClientCertificate:
    certificate = _locked(certificate)
    before = certificate.current
    version = _add_version(certificate, pfx, facts, by=by, now=now)
    changes = _differences(before, version)
    record(Event.CERTIFICATE_REPLACED, certificate, by=by, at=now, changes=changes, version=version.number, thumbprint=facts.thumbprint)
    return certificate


def _differences(before: CertificateVersion | None, after: CertificateVersion) -> dict[str, Any]:
    old, new = ({name: getattr(one, name) for name in _TOLD} if one else {} for one in (before, after))
    return differences(old, new)


def _refuse_taken_name(name: str) -> None:
    if name and (other := ClientCertificate.objects.named(name).first()):
        raise NameTaken(other)


def _refuse_second_upload(facts: Facts) -> None:
    if holder := CertificateVersion.objects.filter(thumbprint_sha256=facts.thumbprint_sha256).select_related("certificate").first():
        raise AlreadyUploaded(holder)


def _add_version(certificate: ClientCertificate, pfx: Pfx, facts: Facts, *, by: User | None, now: datetime) -> CertificateVersion:
    newest = certificate.versions.order_by("-number").values_list("number", flat=True).first() or 0
    version = CertificateVersion(
        certificate=certificate,
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
    version.save()
    _make_current(certificate, version)
    return version


def _make_current(certificate: ClientCertificate, version: CertificateVersion) -> None:
    certificate.current = version
    certificate.revision += 1
    certificate.save(update_fields=["current", "revision"])


def _free_name(facts: Facts) -> str:
    """Return a name nobody bears, made from the common name: ``Orders Client`` gives ``orders-client``.

    Where there is none, from the first alternative name.
    """
    seen = "".join(" " if deceives(one) else one for one in facts.common_name or facts.shown_name)
    words = re.sub(r"[^\w.-]+", "-", unicodedata.normalize("NFC", seen).lower())
    stem = words[: NAME_MAX_LENGTH - 8].strip("-._") or "certificate"
    taken = {*RESERVED_NAMES, *ClientCertificate.objects.filter(folded_name__startswith=folded(stem)).values_list("folded_name", flat=True)}
    candidates = (stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 2)))
    return next(name for name in candidates if folded(name) not in taken)
