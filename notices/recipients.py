"""Who is to be told of what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from django.conf import settings
from django.contrib.auth.models import User

from notices.models import Channel, ChannelKind, Contact, language_of
from notices.subjects import Subject

_BACKEND = "django.contrib.auth.backends.ModelBackend"


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """Somebody, or a channel.

    :ivar key: what it is called among recipients, for good
    :ivar channel: the channel; ``None``: *address* is a mail address
    """

    key: str
    language: str
    channel: Channel | None = None
    address: str = ""

    @property
    def by_mail(self) -> bool:
        """Whether it is reached by the mail server."""
        return self.channel is None or self.channel.kind == ChannelKind.MAIL


@dataclass(slots=True)
class Told:
    """What one addressee is to be told."""

    addressee: Addressee
    subjects: list[Subject] = field(default_factory=list)


def recipients(subjects: Iterable[Subject]) -> list[Told]:
    """Return who is to be told of which of *subjects*, in their order. Mail only where there is a mail server."""
    every = list(subjects)
    found = [Told(addressee_of(channel), every) for channel in Channel.objects.select_related("secret")]
    if settings.EMAIL_HOST:
        people: dict[str, Told] = {}
        owners = _owners(every)
        for subject in every:
            for addressee in owners.get(subject.entry) or _able(subject.told_to):
                people.setdefault(addressee.key, Told(addressee)).subjects.append(subject)
        found += people.values()
    return [one for one in found if one.subjects]


def addressee_of(channel: Channel) -> Addressee:
    """Return a channel as one to be told."""
    return Addressee(key=channel.key, language=channel.language, channel=channel)


def _owners(subjects: Iterable[Subject]) -> dict[int | None, list[Addressee]]:
    """Return the owners and contacts of entries, as far as they can be reached."""
    entries = {subject.entry for subject in subjects if subject.entry is not None}
    contacts = list(Contact.objects.filter(certificate__in=entries).select_related("person__preferences"))
    readers = _readers() if any(contact.person for contact in contacts) else set()
    found: dict[int | None, list[Addressee]] = {}
    for contact in contacts:
        if addressee := _contact(contact, readers):
            found.setdefault(contact.certificate_id, []).append(addressee)
    return {entry: _each_address_once(addressees) for entry, addressees in found.items()}


def _each_address_once(addressees: list[Addressee]) -> list[Addressee]:
    """Leave out a contact at the address of an owner or of a contact before it: mail servers do not tell case apart."""
    owners = [one for one in addressees if one.key.startswith("person:")]
    owned = {one.address.lower() for one in owners}
    contacts = {one.key: one for one in reversed(addressees) if one.address.lower() not in owned}
    return [*owners, *reversed(contacts.values())]


def _readers() -> set[int]:
    """Return the people who may look at certificates: an owner who has lost that is not told of them."""
    readers = User.objects.with_perm("certificates.view_clientcertificate", backend=_BACKEND)
    return set(readers.values_list("pk", flat=True))


def _contact(contact: Contact, readers: set[int]) -> Addressee | None:
    if contact.person is None:
        return Addressee(
            key=f"mail:{contact.address.lower()}", language=contact.language or settings.LANGUAGE_CODE, address=contact.address
        )
    return _person(contact.person) if contact.person.pk in readers and contact.person.email else None


def _person(person: User) -> Addressee:
    return Addressee(key=f"person:{person.pk}", language=language_of(person), address=person.email)


def _able(permission: str) -> Iterator[Addressee]:
    """Yield everybody who can do something about it and has a mail address."""
    people = User.objects.with_perm(permission, backend=_BACKEND).exclude(email="").select_related("preferences").order_by("pk")
    yield from map(_person, people)
