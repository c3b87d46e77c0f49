"""Connections to PostgreSQL that the threads of a process share: so many at most, whatever the process does at once."""

from __future__ import annotations

from typing import Any


def pooled(database: dict[str, Any], *, most: int) -> None:
    """Have what Django's ``DATABASES`` says of a *database* make a pool of *most* connections; of SQLite each thread has its own.

    A thread takes one with its first query and holds it until it closes its connection: pages do when they are answered.
    """
    if database["ENGINE"] == "django.db.backends.postgresql":
        database["CONN_MAX_AGE"] = 0  # the pool keeps them
        database["OPTIONS"]["pool"] = {
            "min_size": 1,
            "max_size": most,
            "timeout": 5,  # seconds that a page waits for one; more only where the server is away
            "reconnect_timeout": 1,  # the next page tries again, rather than a pool that tries ever more seldom
        }
