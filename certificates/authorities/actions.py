"""Every change to entries of trusted authorities: one function per change, rows and activity line in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction

from certificates.authorities import receipts
from certificates.authorities.bundle import Bundle
from certificates.authorities.models import Authority, AuthorityCandidate, AuthorityVersion
from certificates.authorities.uses import uses
from certificates.holders import Holder, holders_of
from certificates.naming import unused_name
from portal.activity import differences, record
from portal.models import Event

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User

    from apis.models import Api

_ATTEMPTS = 10  # additions at the same moment that may take the same name, or are of the same certificates


class AlreadyHeld(Exception):
    """Another entry, or this one, holds the very same certificates.

    :ivar authority: the entry that does
    """

    def __init__(self, authority: Authority) -> None:
        """Hold the entry."""
        super().__init__(f"These certificates are the trusted authority {authority.name} already.")
        self.authority = authority


class NameTaken(Exception):
    """Another entry bears the name.

    :ivar authority: that entry
    """

    def __init__(self, authority: Authority) -> None:
        """Hold the entry."""
        super().__init__(f"There is already a trusted authority named {authority.name}.")
        self.authority = authority


class InUse(Exception):
    """APIs or back ends trust the entry, so it is not deleted.

    :ivar apis: those APIs, by name
    :ivar holders: what else holds it
    """

    def __init__(self, authority: Authority, apis: list[Api], holders: list[Holder]) -> None:
        """Hold the entry and who trusts it."""
        by = [f"these {what}: {', '.join(one.name for one in found)}" for what, found in (("APIs", apis), ("back ends", holders)) if found]
        super().__init__(f"The trusted authority {authority.name} is used by {' and '.join(by)}. Choose another one there first.")
        self.authority = authority
        self.apis = apis
        self.holders = holders


def add(bundle: Bundle, *, name: str = "", by: User | None, now: datetime) -> Authority:
    """Store a new entry.

    :param name: the entry's name; empty: made from the subject of the first certificate
    :raises AlreadyHeld: if an entry holds these certificates
    :raises NameTaken: if *name* is taken
    """
    for attempt in range(_ATTEMPTS):
        if other := Authority.objects.filter(digest=bundle.digest).first():
            raise AlreadyHeld(other)
        if name and (other := Authority.objects.named(name).first()):
            raise NameTaken(other)
        try:
            with transaction.atomic():
                authority = _insert(bundle, name, by=by, now=now)
                tell_added(authority, by=by, now=now)
        except IntegrityError:  # somebody else was faster; the next attempt sees what they have stored
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            return authority
    raise AssertionError


def find_or_insert(bundle: Bundle, *, by: User | None, now: datetime) -> tuple[Authority, bool]:
    """Return the entry of these certificates, locked for the caller's transaction, and whether it is new.

    Of a new one the caller tells the log (:func:`tell_added`), once it holds all the rows that it changes.
    """
    for attempt in range(_ATTEMPTS):
        if found := Authority.objects.select_for_update().filter(digest=bundle.digest).first():
            return found, False
        try:
            with transaction.atomic():
                return _insert(bundle, "", by=by, now=now), True
        except IntegrityError:  # somebody else was faster
            if attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError


def tell_added(authority: Authority, *, by: User | None, now: datetime) -> None:
    """Write the line of a new entry."""
    assert authority.current is not None  # noqa: S101 - an entry is made with its first version
    version = authority.current
    changes = differences({}, told(version))
    record(Event.AUTHORITY_ADDED, authority, by=by, at=now, changes=changes, thumbprint=version.thumbprint, subject=version.label)


def replace(authority: Authority, bundle: Bundle, *, by: User | None, now: datetime) -> Authority:
    """Let an entry hold *bundle* from now on: a new version, or the earlier one that it is. What trusts the entry trusts these.

    :raises AlreadyHeld: if an entry holds these certificates, this one included
    :raises Authority.DoesNotExist: if it is gone
    """
    try:
        return _replace(authority, bundle, by=by, now=now)
    except IntegrityError:
        if other := Authority.objects.filter(digest=bundle.digest).first():  # somebody else was faster
            raise AlreadyHeld(other) from None
        raise


@transaction.atomic
def roll_back(authority: Authority, *, version: int, by: User | None, now: datetime) -> Authority:
    """Let an entry hold an earlier (or later) version again; nothing happens if it does.

    :raises AuthorityVersion.DoesNotExist: if it has no version of that number
    :raises AlreadyHeld: if another entry holds these certificates by now
    :raises Authority.DoesNotExist: if it is gone
    """
    authority = locked(authority)
    chosen = authority.versions.get(number=version)
    if chosen.pk == authority.current_id:
        return authority
    refuse_held(chosen.bundle)
    return _make_current(authority, chosen, Event.AUTHORITY_ROLLED_BACK, by=by, now=now)


@transaction.atomic
def delete(authority: Authority, *, by: User | None, now: datetime) -> None:
    """Delete an entry and its versions.

    :raises InUse: if APIs or back ends trust it; the error lists them
    :raises Authority.DoesNotExist: if it is gone
    """
    authority = locked(authority)
    apis, holders = list(uses().needing(authority).order_by("name")), holders_of(authority)
    if apis or holders:
        raise InUse(authority, apis, holders)
    record(Event.AUTHORITY_DELETED, authority, by=by, at=now)
    Authority.objects.filter(pk=authority.pk).update(current=None)
    authority.delete()


def locked(authority: Authority) -> Authority:
    """Return the entry as it is now, locked."""
    return Authority.objects.select_for_update(of=("self",)).select_related("current").get(pk=authority.pk)


def refuse_held(bundle: Bundle) -> None:
    """Refuse certificates that are an entry already.

    :raises AlreadyHeld: naming it
    """
    if other := Authority.objects.filter(digest=bundle.digest).first():
        raise AlreadyHeld(other)


def _insert(bundle: Bundle, name: str, *, by: User | None, now: datetime) -> Authority:
    chosen = name or unused_name(bundle.first.common_name or bundle.label, Authority.objects.all(), otherwise="authority")
    authority = Authority.objects.create(name=chosen, digest=bundle.digest, created_at=now)
    authority.current = _add_version(authority, bundle, by=by, now=now)
    authority.save(update_fields=["current"])
    return authority


def _add_version(authority: Authority, bundle: Bundle, *, by: User | None, now: datetime) -> AuthorityVersion:
    newest = authority.versions.order_by("-number").values_list("number", flat=True).first() or 0
    version = AuthorityVersion(authority=authority, number=newest + 1, created_at=now, created_by=by, current_since=now)
    version.hold(bundle)
    version.save()
    return version


@transaction.atomic
def _replace(authority: Authority, bundle: Bundle, *, by: User | None, now: datetime) -> Authority:
    authority = locked(authority)
    refuse_held(bundle)
    if earlier := authority.versions.filter(digest=bundle.digest).first():
        return _make_current(authority, earlier, Event.AUTHORITY_ROLLED_BACK, by=by, now=now)
    version = _add_version(authority, bundle, by=by, now=now)
    return _make_current(authority, version, Event.AUTHORITY_REPLACED, by=by, now=now)


def _make_current(authority: Authority, version: AuthorityVersion, event: Event, *, by: User | None, now: datetime) -> Authority:
    """Let *version* be the current one and hand it on to whatever trusts the entry; were it the candidate, nothing is left to decide."""
    before = authority.current
    assert before is not None  # noqa: S101 - an entry is made with its first version
    AuthorityCandidate.objects.filter(authority=authority, digest=version.digest).delete()
    version.current_since = now
    version.save(update_fields=["current_since"])
    authority.current, authority.digest = version, version.digest
    authority.revision += 1
    authority.save(update_fields=["current", "digest", "revision"])
    uses().pass_on(authority, before=before.pem, after=version.pem)
    changes = differences(told(before), told(version))
    line = record(event, authority, by=by, at=now, changes=changes, version=version.number, thumbprint=version.thumbprint)
    receipts.write(line, authority, before, version)
    return authority


def told(version: AuthorityVersion) -> dict[str, Any]:
    """Return what the activity log tells of a version."""
    return {
        "number": version.number,
        "certificates": [f"{one.shown_name} — {one.thumbprint[-4:]}" for one in version.facts],
        "not_after": version.not_after,
    }
