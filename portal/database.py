"""What there is of the database before anything is asked of it: its file, its tables."""

from __future__ import annotations

from django.db import connection, connections

from portal.sqlite.base import DatabaseWrapper


def is_missing() -> bool:
    """Return whether the database is a file that is not there."""
    return isinstance(connection := connections["default"], DatabaseWrapper) and connection.file_is_missing()


def has_table(name: str) -> bool:
    """Return whether there is a table.

    :raises django.db.DatabaseError: if the database does not answer
    """
    return not is_missing() and name in connections["default"].introspection.table_names()


def is_empty() -> bool:
    """Return whether nothing was ever made in it.

    :raises django.db.DatabaseError: if it does not answer
    """
    return not has_table("django_migrations")


def shown_name() -> str:
    """Return what people know it by, without its password."""
    known = connections["default"].settings_dict
    if connections["default"].vendor == "sqlite":
        return str(known["NAME"])
    return f"{known['NAME']} at {known['HOST'] or 'this machine'}"


def give_back() -> None:
    """Give back the connection of this thread, which asks nothing for a while, if others share it (:mod:`portal.pool`)."""
    if connection.settings_dict.get("OPTIONS", {}).get("pool"):
        connection.close()
