"""Every change to signing requests and sources: one function per change, rows and activity line in one transaction."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from cryptography.x509 import load_der_x509_csr
from django.db import IntegrityError, transaction
from django.db.models import DateTimeField, Q, Value
from django.db.models.functions import Coalesce

from certificates import actions
from certificates.facts import key_type
from certificates.judgement import Purpose
from certificates.kinds import PAGES
from certificates.loading import refuse_unloadable
from certificates.models import Certificate, Kind, folded
from certificates.pfx import Pfx, make_key, read_answer
from certificates.signing import KeyKind, Wanted
from certificates.signing.typed import alternatives_of, subject_of
from certificates.sources.brought import Brought
from certificates.sources.delivery import Origin, deliver
from certificates.sources.kinds import ORIGINS
from certificates.sources.models import SigningRequest, Source, SourceKind
from certificates.sources.trouble import Trouble
from certificates.sources.watched import WatchedPlace
from portal.activity import differences, record
from portal.clock import shared_now
from portal.models import Event

if TYPE_CHECKING:
    from django.contrib.auth.models import User

C = TypeVar("C", bound=Certificate)
_TOLD_AS = {"path": "place", "directory": "place"}  # of a source's settings


class AlreadyRequested(Exception):
    """A signing request for the entry waits for its certificate already.

    :ivar request: that one
    """

    def __init__(self, request: SigningRequest) -> None:
        """Hold the request."""
        super().__init__(f"A signing request for {request.name} waits for its certificate already.")
        self.request = request


def request_certificate(
    kind: Kind, *, name: str, subject: str, names: tuple[str, ...], key: KeyKind, by: User | None, now: datetime
) -> SigningRequest:
    """Make a key and a signing request for the entry *name*, which need not be there yet; the key is sealed at once.

    :param name: empty: made from the common name, or else the first alternative name
    :param subject: as RFC 4514 writes it
    :raises certificates.signing.BadName: if no certificate can have such a subject or alternative name
    :raises AlreadyRequested: if one for this entry waits already
    :raises certificates.pfx.UnreadablePfx: ``BUSY`` or ``TOO_MUCH_WORK``
    """
    common_name, alternatives = _common_name(subject), alternatives_of(names)
    name = name or actions.free_name(kind, common_name or (names[0] if alternatives else ""))
    _refuse_second(kind, name)
    private_key, der = make_key(Wanted(key=key, subject=subject, names=names, purpose=Purpose(kind)).as_bytes())
    request = load_der_x509_csr(der)
    row = SigningRequest(
        kind=kind,
        name=name,
        der=der,
        subject=", ".join(part.strip() for part in subject.splitlines() if part.strip()),
        names=list(names),
        key_type=key_type(request.public_key()),
        created_at=now,
        created_by=by,
    )
    row.seal(private_key)
    try:
        _store(row, by=by, now=now)
    except IntegrityError:  # somebody else was faster
        _refuse_second(kind, name)
        raise
    return row


@transaction.atomic
def discard(request: SigningRequest, *, by: User | None, now: datetime) -> None:
    """Delete a signing request and its private key: a certificate that is issued for it is of no use then.

    :raises SigningRequest.DoesNotExist: if it is gone already
    """
    request = SigningRequest.objects.select_for_update().get(pk=request.pk)
    record(Event.SIGNING_REQUEST_DISCARDED, request, by=by, at=now)
    request.delete()


def answer(kind: type[C], request: SigningRequest, data: bytes, *, by: User | None, now: datetime) -> C:
    """Bring what an authority has answered: with the request's key it becomes the next version of the entry, or a new entry.

    :param data: PEM, DER or PKCS#7, with or without the chain
    :raises certificates.pfx.UnreadablePfx: if it holds no certificate of that key, or one that a gateway does not load
    :raises SigningRequest.DoesNotExist: if the request is gone
    """
    read = read_answer(data, request.public_key, now=now)
    pfx = dataclasses.replace(read, private_key=request.unseal())
    refuse_unloadable(pfx)
    return _take(kind, request, pfx, by=by, now=now)


def watch(kind: type[C], place: WatchedPlace, *, name: str = "", by: User | None, now: datetime) -> C:
    """Let the entry *name* renew itself from *place*, beginning with what lies there now; where there is no such entry, add it.

    :param name: empty: made from the certificate's common name
    :raises Trouble: if nothing lies there that could be used
    :raises certificates.actions.AlreadyUploaded: if another entry holds the certificate that lies there
    """
    brought = place.bring()
    return _watch(kind, place, brought, brought.open(now=now), name=name, by=by, now=now)


def take_hold(source: Source, *, holder: str, length: timedelta) -> bool:
    """Be the process that sees to a source, unless another one is."""
    now = shared_now()
    free = Q(holder=holder) | Q(held_until__isnull=True) | Q(held_until__lt=now)
    return bool(Source.objects.filter(free, pk=source.pk).update(holder=holder, held_until=now + length))


def let_go(source: Source) -> None:
    """Leave it to whoever comes next."""
    Source.objects.filter(pk=source.pk).update(held_until=None)


@transaction.atomic
def unwatch(certificate: Certificate, *, by: User | None, now: datetime) -> None:
    """Let an entry no longer renew itself; nothing happens if it does not.

    What it has stays.
    """
    before = told(certificate)
    deleted, _ = Source.objects.filter(certificate=certificate).delete()
    if deleted:
        record(_event("source-removed", certificate), certificate, by=by, at=now, changes=differences(before, {}))


@transaction.atomic
def take(source: Source, digest: str, pfx: Pfx, *, now: datetime, **noted: Any) -> None:
    """Deliver what a source has brought, once: nothing happens if it was delivered, or the source changed or removed, meanwhile.

    :param digest: what tells it from other things that the source brings
    :param noted: what is kept in the source's row besides
    :raises certificates.actions.AlreadyUploaded: if another entry holds this certificate
    """
    model = PAGES[Kind(source.certificate.kind)].model
    entry = model.objects.select_for_update().filter(pk=source.certificate_id).first()  # the entry first, as by who deletes it
    row = Source.objects.select_for_update().filter(pk=source.pk, delivered=source.delivered, settings=source.settings).first()
    if entry is None or row is None:
        return
    deliver(entry, pfx, source=ORIGINS[SourceKind(row.kind)], by=None, now=now)
    row.delivered, row.delivered_at, row.looked_at = digest, now, now
    row.failing_since, row.failure = None, {}
    row.held_until = None
    for name, value in noted.items():
        setattr(row, name, value)
    row.save()


def note_failure(source: Source, trouble: Trouble, *, now: datetime) -> None:
    """Keep why a source brings nothing; since when it fails stays."""
    Source.objects.filter(pk=source.pk).update(
        failure=trouble.as_json(), failing_since=Coalesce("failing_since", Value(now, DateTimeField())), looked_at=now
    )


def note_look(source: Source, *, holder: str, held_until: datetime, now: datetime) -> None:
    """Keep that what the source has was brought, and which machine sees that."""
    Source.objects.filter(pk=source.pk).update(failure={}, failing_since=None, looked_at=now, holder=holder, held_until=held_until)


@transaction.atomic
def _watch(kind: type[C], place: WatchedPlace, brought: Brought, pfx: Pfx, *, name: str, by: User | None, now: datetime) -> C:
    entry = deliver_to(kind, name, pfx, Origin.WATCHED, by=by, now=now)
    renew_from(entry, SourceKind.WATCHED, place.settings(), brought.digest, place=place.path, by=by, now=now)
    return entry


def deliver_to(kind: type[C], name: str, pfx: Pfx, origin: Origin, *, by: User | None, now: datetime) -> C:
    """Make *pfx* the next version of the entry *name*; where there is no such entry, add it.

    :raises certificates.actions.AlreadyUploaded: if another entry holds the certificate
    """
    entry = kind.objects.filter(kind=kind.KIND, folded_name=folded(name)).first() if name else None
    if entry:
        return deliver(entry, pfx, source=origin, by=by, now=now)
    return actions.upload_as(kind, pfx, name=name, by=by, now=now, source=origin)


@transaction.atomic
def renew_from(
    entry: Certificate,
    kind: SourceKind,
    settings: dict[str, str],
    digest: str,
    *,
    place: str,
    by: User | None,
    now: datetime,
    **moments: datetime,
) -> Source:
    """Put a source into the place of the one before, with all that belongs to that, and tell of it.

    :param digest: of what was brought from there already; empty: nothing was
    :param place: as the activity log tells it
    """
    before = told(entry)
    Source.objects.filter(certificate_id=entry.pk).delete()
    brought = {"delivered": digest, "delivered_at": now if digest else None, "looked_at": now, **moments}
    source = Source.objects.create(certificate_id=entry.pk, kind=kind, settings=settings, **brought)
    record(_event("source-set", entry), entry, by=by, at=now, changes=differences(before, told(entry)), place=place)
    return source


def told(entry: Certificate) -> dict[str, str]:
    """Return what lines tell of where an entry renews itself from: its ``place``, and the rest of its settings; of nothing, nothing."""
    source = Source.objects.filter(certificate_id=entry.pk).first()
    return {_TOLD_AS.get(name, name): value for name, value in source.settings.items()} if source else {}


def _event(what: str, certificate: Certificate) -> Event:
    kind = {Kind.CLIENT: "certificate", Kind.SERVER: "server-certificate"}[Kind(certificate.kind)]
    return Event(f"{kind}.{what}")


@transaction.atomic
def _store(row: SigningRequest, *, by: User | None, now: datetime) -> None:
    row.save(force_insert=True)
    record(Event.SIGNING_REQUEST_MADE, row, by=by, at=now, subject=row.label)


@transaction.atomic
def _take(kind: type[C], request: SigningRequest, pfx: Pfx, *, by: User | None, now: datetime) -> C:
    request = SigningRequest.objects.select_for_update().get(pk=request.pk)
    entry = deliver_to(kind, request.name, pfx, Origin.SIGNING_REQUEST, by=by, now=now)
    request.delete()
    return entry


def _refuse_second(kind: Kind, name: str) -> None:
    if waiting := SigningRequest.objects.filter(kind=kind, folded_name=folded(name)).first():
        raise AlreadyRequested(waiting)


def _common_name(subject: str) -> str:
    found = [one.value for one in subject_of(subject) if one.oid.dotted_string == "2.5.4.3"]
    return str(found[0]) if found else ""
