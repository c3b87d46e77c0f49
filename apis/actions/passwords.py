"""User names and passwords of HTTP basic: stored, kept or forgotten, and brought up to the values that they name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from apis.credentials.refusals import PasswordMissing
from apis.models import Credentials, UserAndPassword
from apis.named_values.settings import Basic, basic_of
from certificates.sealing import Secret

if TYPE_CHECKING:
    from django.db.models import Model


class Chosen(Protocol):
    """What was chosen for them."""

    @property
    def credentials(self) -> Credentials: ...  # noqa: D102
    @property
    def username(self) -> str: ...  # noqa: D102
    @property
    def password(self) -> Secret | None: ...  # noqa: D102


def set_password(rows: type[UserAndPassword], chosen: Chosen, *, literal: bool = False, **holder: Model) -> bool:
    """Store, keep or forget the user name and password of a *holder*; return whether the password is another one now.

    :param rows: those of its kind
    :param literal: what was chosen names no values: they are put in already
    :raises PasswordMissing: if the stored password is to be kept and none is stored
    :raises apis.named_values.settings.Unusable: if they cannot be sent, or name a value that there is not
    """
    stored = rows._default_manager.filter(**holder).first()
    if chosen.credentials != Credentials.BASIC:
        if stored:
            stored.delete()
        return stored is not None
    basic = _basic(chosen, stored, literal=literal)
    if basic.password is None or (chosen.password is None and stored and stored.opened() == basic.password):
        if stored is None:
            raise PasswordMissing
        stored.username, stored.written_username = basic.username, basic.written_username
        stored.save()
        return False
    if stored:
        stored.delete()
    fresh = rows(username=basic.username, written_username=basic.written_username, written_password=basic.written_password, **holder)
    fresh.seal(basic.password)
    fresh.save()
    return True


def _basic(chosen: Chosen, stored: UserAndPassword | None, *, literal: bool) -> Basic:
    """Return what was chosen; a stored password that names a value is what the value is now."""
    if chosen.password is None and stored and stored.written_password:
        return basic_of(chosen.username, Secret(stored.written_password.encode()))
    return basic_of(chosen.username, chosen.password, literal=literal)
