"""Every change to the REST API's credentials: one function per change, rows and activity line in one transaction."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from apis.models import KeyKind
from certificates.sealing import Secret
from portal.activity import record
from portal.models import Event
from rest.models import AccessToken, Credential, SharedAccess, SharedAccessKey

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User

PREFIX = "ppt_"  # so that a token that leaked is recognised as one
_IDENTIFIER_BYTES = 12
_NOTED_EVERY = timedelta(minutes=1)  # so that reading does not write


@dataclass(frozen=True, slots=True)
class MadeToken:
    """A new token: the only moment it can be read."""

    row: AccessToken
    token: Secret


@transaction.atomic
def create_token(user: User, *, name: str, role: str = "", expires_at: datetime | None = None, by: User | None, now: datetime) -> MadeToken:
    """Make a bearer token that acts for *user*.

    :param role: the group whose permissions it is limited to; empty: all that the person may
    """
    token = f"{PREFIX}{secrets.token_urlsafe(32)}"
    row = AccessToken.objects.create(
        user=user,
        name=name,
        role=role,
        expires_at=expires_at,
        created_at=now,
        created_by=by.get_username() if by else "",
        identifier=secrets.token_hex(_IDENTIFIER_BYTES),
        digest=AccessToken.digest_of(token),
    )
    record(Event.TOKEN_CREATED, row, by=by, at=now, user=user.get_username(), role=role)
    return MadeToken(row, Secret(token.encode()))


@transaction.atomic
def create_shared_access(
    user: User, *, name: str, role: str = "", expires_at: datetime | None = None, by: User | None, now: datetime
) -> SharedAccess:
    """Make an identifier with two keys for clients that sign."""
    access = SharedAccess.objects.create(
        user=user,
        name=name,
        role=role,
        expires_at=expires_at,
        created_at=now,
        created_by=by.get_username() if by else "",
        identifier=secrets.token_hex(_IDENTIFIER_BYTES),
    )
    for kind in KeyKind:
        _set_key(access, kind)
    record(Event.TOKEN_CREATED, access, by=by, at=now, user=user.get_username(), role=role)
    return access


@transaction.atomic
def show_access_keys(access: SharedAccess, *, by: User | None, now: datetime) -> dict[KeyKind, Secret]:
    """Return both keys and note who has seen them. One that was damaged is left out; the other signs still."""
    keys = {KeyKind(key.kind): secret for key in access.keys.all() if (secret := key.opened())}
    record(Event.TOKEN_KEYS_SHOWN, access, by=by, at=now)
    return keys


@transaction.atomic
def regenerate_access_key(access: SharedAccess, kind: KeyKind, *, by: User | None, now: datetime) -> None:
    """Make a new key; signatures made with the old one open nothing from now on."""
    _set_key(access, kind)
    record(Event.TOKEN_KEY_REGENERATED, access, by=by, at=now, key=kind.value)


@transaction.atomic
def revoke(credential: Credential, *, by: User | None, now: datetime) -> None:
    """Let a credential open nothing any more; nothing happens if it is revoked already."""
    changed = type(credential)._default_manager.filter(pk=credential.pk, revoked_at__isnull=True).update(revoked_at=now)
    if changed:
        record(Event.TOKEN_REVOKED, credential, by=by, at=now, user=credential.user.get_username())


def note_use(credential: Credential, *, now: datetime) -> None:
    """Keep when a credential was last used, to the minute; the first time on a day (UTC) is a line of the activity log."""
    last = credential.last_used_at
    if last is not None and last >= now - _NOTED_EVERY:
        return
    with transaction.atomic():
        noted = type(credential)._default_manager.filter(pk=credential.pk, last_used_at=last).update(last_used_at=now)
        if noted and (last is None or last.astimezone(UTC).date() < now.astimezone(UTC).date()):  # else another call was faster
            record(Event.TOKEN_USED, credential, by=credential.user, at=now, role=credential.role)


def _set_key(access: SharedAccess, kind: KeyKind) -> None:
    access.keys.filter(kind=kind).delete()
    key = SharedAccessKey(access=access, kind=kind)
    key.seal(Secret(base64.b64encode(secrets.token_bytes(64))))
    key.save()
