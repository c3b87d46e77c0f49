"""Every change to channels, the schedule, contacts and acknowledgements: rows and activity line in one transaction."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import IntegrityError, transaction

from certificates.models import Certificate
from certificates.sealing import SealingError, Secret
from notices.channels import SIGNED_ALWAYS
from notices.models import Acknowledgement, Channel, ChannelKind, ChannelSecret, Contact, Recipient, Schedule
from notices.places import place_of
from notices.subjects import Subject
from portal.activity import differences, record
from portal.models import Event

if TYPE_CHECKING:
    from django.contrib.auth.models import User

_SECRET_BYTES = 32


class NameTaken(Exception):
    """There is a channel of that name."""


class Lost(Exception):
    """What a channel held cannot be opened, so that one half of it cannot stay as it was.

    :ivar field: which has to be entered again: ``url`` or ``secret``
    """

    def __init__(self, field: str) -> None:
        """Hold it."""
        super().__init__(field)
        self.field = field


def add_channel(
    *, name: str, kind: ChannelKind, address: str, secret: str = "", language: str, by: User | None, now: datetime
) -> tuple[Channel, Secret | None]:
    """Add a channel; return it and, where one was made for it, the secret that its messages are signed with: it is not shown again.

    :param address: a mail address, or the URL to post to
    :param secret: what messages are signed with; empty: a webhook gets one of its own
    :raises NameTaken: if the name is another channel's
    :raises notices.places.BadUrl: if nothing is posted there
    """
    place = _place(kind, address)
    made = "" if secret or kind not in SIGNED_ALWAYS else secrets.token_hex(_SECRET_BYTES)
    with transaction.atomic():
        try:
            with transaction.atomic():
                channel = Channel.objects.create(name=name, kind=kind, place=place, language=language, created_at=now)
        except IntegrityError as error:
            raise NameTaken from error
        if kind != ChannelKind.MAIL:
            _hold(channel, url=address, secret=secret or made)
        record(Event.CHANNEL_ADDED, channel, by=by, at=now, changes=differences({}, _told(channel)))
    return channel, Secret(made.encode()) if made else None


@transaction.atomic
def change_channel(channel: Channel, *, address: str, secret: str, language: str, by: User | None, now: datetime) -> None:
    """Change where a channel goes and how.

    :param address: empty: as it was
    :param secret: empty: as it was
    :raises notices.places.BadUrl: if nothing is posted there
    :raises Lost: if what was to stay as it was cannot be opened any more
    """
    before = _told(channel)
    kind = ChannelKind(channel.kind)
    channel.place = _place(kind, address) if address else channel.place
    channel.language = language
    channel.save()
    if kind != ChannelKind.MAIL and (address or secret):
        held = _completed(channel, url=address, secret=secret)
        channel.secret.delete()
        _hold(channel, **held)
    Recipient.objects.filter(key=channel.key).delete()  # the next message goes at once
    hidden = {"url": bool(address) and kind != ChannelKind.MAIL, "secret": bool(secret)}
    if changes := differences(before, _told(channel), hidden=hidden):
        record(Event.CHANNEL_CHANGED, channel, by=by, at=now, changes=changes)


@transaction.atomic
def delete_channel(channel: Channel, *, by: User | None, now: datetime) -> None:
    """Delete a channel with its secrets."""
    record(Event.CHANNEL_DELETED, channel, by=by, at=now, changes=differences(_told(channel), {}))
    Recipient.objects.filter(key=channel.key).delete()
    channel.delete()


@transaction.atomic
def schedule(*, thresholds: list[int], weekly: int | None, by: User | None, now: datetime) -> None:
    """Say when is told: how many days before an end, and on which day of the week all of it is summed up (``None``: never)."""
    current = Schedule.current()
    before = {"thresholds": current.thresholds, "weekly": current.weekly}
    kept, _ = Schedule.objects.update_or_create(only=True, defaults={"thresholds": thresholds, "weekly": weekly})
    if changes := differences(before, {"thresholds": thresholds, "weekly": weekly}):
        record(Event.NOTICES_SCHEDULED, kept, by=by, at=now, changes=changes)


@transaction.atomic
def tell_of(*, calls: bool, gateways: bool, sources: bool, by: User | None, now: datetime) -> None:
    """Say of which failures is told: calls that fail more than before, gateways behind or away, sources that bring nothing."""
    current = Schedule.current()
    wanted = {"calls": calls, "gateways": gateways, "sources": sources}
    before = {name: getattr(current, name) for name in wanted}
    kept, _ = Schedule.objects.update_or_create(only=True, defaults=wanted)
    if changes := differences(before, wanted):
        record(Event.NOTICES_SCHEDULED, kept, by=by, at=now, changes=changes)


@transaction.atomic
def add_contact(
    entry: Certificate, *, person: User | None = None, address: str = "", language: str = "", by: User | None, now: datetime
) -> bool:
    """Have *person*, or whoever reads at *address*, told of *entry*; return whether they were not already."""
    wanted = {"person": person} if person else {"address__iexact": address}
    defaults = {} if person else {"address": address, "language": language or settings.LANGUAGE_CODE}
    contact, added = Contact.objects.get_or_create(certificate=entry, **wanted, defaults=defaults)
    if added:
        record(Event.CONTACT_ADDED, entry, by=by, at=now, changes=differences({}, _told_of_contact(contact)))
    return added


@transaction.atomic
def remove_contact(contact: Contact, *, by: User | None, now: datetime) -> None:
    """Have somebody no longer told of an entry."""
    record(Event.CONTACT_REMOVED, contact.certificate, by=by, at=now, changes=differences(_told_of_contact(contact), {}))
    contact.delete()


@transaction.atomic
def acknowledge(subject: Subject, *, by: User, now: datetime) -> None:
    """Have nothing more told of this version of *subject*; nothing happens if somebody has said so already."""
    known = Acknowledgement.objects.in_force().filter(subject=subject.key, version=subject.version)
    if not known.exists():
        told = {"by": by.get_username(), "at": now}
        Acknowledgement.objects.update_or_create(subject=subject.key, version=subject.version, defaults=told)
        record(Event.NOTICE_ACKNOWLEDGED, _Named(subject), by=by, at=now)


@transaction.atomic
def resume(subject: Subject, *, by: User, now: datetime) -> None:
    """Take an acknowledgement back: what is due next is told again."""
    gone, _ = Acknowledgement.objects.filter(subject=subject.key, version=subject.version).delete()
    if gone:
        record(Event.NOTICE_RESUMED, _Named(subject), by=by, at=now)


class _Named:
    """A subject as the activity log wants it: an entry by its id, what else may end by its key."""

    def __init__(self, subject: Subject) -> None:
        self.pk = subject.key[:40] if subject.entry is None else str(subject.entry)
        self.name = subject.name[:300]


def _told(channel: Channel) -> dict[str, str]:
    """Return what lines tell of a channel: of a URL no more than pages show."""
    return {name: str(getattr(channel, name)) for name in ("kind", "place", "language")}


def _told_of_contact(contact: Contact) -> dict[str, str]:
    """Return what lines tell of a contact; a person has a language of their own."""
    return {"address": str(contact)} if contact.person else {"address": contact.address, "language": contact.language}


def _place(kind: ChannelKind, address: str) -> str:
    """Return what pages may show of *address*."""
    if kind == ChannelKind.MAIL:
        return address
    return place_of(address, allowed=settings.ALLOWED_BACKEND_NETWORKS).authority


def _completed(channel: Channel, *, url: str, secret: str) -> dict[str, str]:
    """Return both halves of what a channel holds, an empty one as it was."""
    try:
        old_url, old_secret = channel.secret.told()
    except SealingError as error:
        if not url or (not secret and channel.kind in SIGNED_ALWAYS):
            raise Lost("secret" if url else "url") from error
        return {"url": url, "secret": secret}
    return {"url": url or old_url, "secret": secret or old_secret.value.decode()}


def _hold(channel: Channel, *, url: str, secret: str) -> None:
    row = ChannelSecret(channel=channel)
    row.hold(url=url, secret=secret)
    row.save(force_insert=True)
