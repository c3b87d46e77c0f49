"""System checks: the portal does not start without the ring of encryption keys that its secrets are sealed under.

A single row that was damaged is no reason not to start: it closes what depends on it (`manage.py encryption report` names it).

They carry Django's ``database`` tag, so they run where a database is named: in ``portal/wsgi.py``, ``manage.py xds`` and
``manage.py check --database default``, but not in commands that work without keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 - Django's name

from certificates import confined, encryption
from certificates.keyring import keyring
from certificates.sealing import BadKeyRing
from portal import database


@register(Tags.database)
def the_ring_opens_what_is_stored(*, databases: Sequence[str] | None = None, **_arguments: Any) -> list[CheckMessage]:
    """Check that there is a ring, that it is private and well-formed, and that no key is missing in it."""
    if not databases:
        return []
    try:
        keyring()
    except BadKeyRing as error:
        return [Error(str(error), id="certificates.E001")]
    if database.is_missing():  # nothing is sealed; whether that may be is for `manage.py setup` to say
        return []
    return [
        Error(
            f"The encryption key {key} is not in the ring, and {number} secrets are sealed under it; add it again.",
            id="certificates.E002",
        )
        for key, number in encryption.missing_keys()
    ]


def ring_keys() -> tuple[str, ...]:
    """Return the names of the ring's keys, newest first; none if the ring cannot be used."""
    try:
        return keyring().names
    except BadKeyRing:
        return ()


def trouble_with_the_ring() -> str:
    """Return what is wrong with the ring, in words for anybody; empty: nothing."""
    try:
        keyring()
    except BadKeyRing:
        return "The ring of encryption keys cannot be used."
    return ""


@register(Tags.security, deploy=True)
def files_are_opened_in_confinement(**_arguments: Any) -> list[CheckMessage]:
    """Check that the kernel confines the child that opens uploaded files."""
    if not (lacking := confined.missing()):
        return []
    hint = "Use Linux 6.12 or newer on x86_64 or aarch64, and let the container's own profile allow them."
    return [Warning(f"The process that opens uploaded files is not confined by {', '.join(lacking)}.", hint=hint, id="certificates.W001")]
