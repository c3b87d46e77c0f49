"""The parts that a process of ours stands on, and how to look at each: what ``/readyz`` tells of, and a page in its reader's language."""

from __future__ import annotations

import logging
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.translation import gettext_noop as _

from portal.disk import Lack, lack_of
from portal.readiness import Look

log = logging.getLogger(__name__)

_BUSY_MILLISECONDS = 1500
_looks: dict[str, Look] = {}
_WORDS = {
    Lack.GONE: _("The folder that holds everything is not there."),
    Lack.FULL: _("The disk is full."),
    Lack.CLOSED: _("The folder that holds everything cannot be written."),
}


def register(part: str, look: Look) -> None:
    """Let rooms above name a part that every process needs."""
    _looks[part] = look


def looks() -> dict[str, Look]:
    """Return how to look at what every process with a database needs."""
    return {_("database"): database, _("disk"): disk, **_looks}


def database() -> str:
    """Ask the database, on a connection of its own: one that was opened earlier tells of then."""
    asking = connection.copy()
    asking.settings_dict["OPTIONS"].pop("pool", None)  # a full pool is no missing database
    try:
        return _refusal_of(asking)
    except DatabaseError as error:
        log.warning("The database does not answer: %s", error)
        return _("The database does not answer.")
    finally:
        asking.close()


def _refusal_of(asking: BaseDatabaseWrapper) -> str:
    with asking.cursor() as cursor:
        cursor.execute("SELECT 1 FROM django_migrations LIMIT 1")
        if cursor.fetchone() is None:
            return _("The database is empty.")
        if asking.vendor == "sqlite":  # whether it takes a change
            cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")
            cursor.execute("BEGIN IMMEDIATE")
            cursor.execute("ROLLBACK")
            return ""
        cursor.execute("SELECT current_setting('transaction_read_only')")
        return _("The database takes no changes.") if cursor.fetchone() == ("on",) else ""


def disk() -> str:
    """Tell whether what the portal writes finds room."""
    folders = {Path(settings.PORTAL_HOME)}
    if connection.vendor == "sqlite":
        folders.add(Path(connection.settings_dict["NAME"]).parent)
    lacks = filter(None, map(lack_of, folders))
    return next((_WORDS[lack] for lack in lacks), "")
