"""Django's SQLite backend, except that a file which is gone is not made anew, and one that was replaced is not written to any more.

SQLite makes an empty database where there is none, and goes on with the file it has opened when another takes its name. Either would
look like a database without a single row.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db import OperationalError
from django.db.backends.sqlite3 import base, creation, features

_FileId = tuple[int, int]


class DatabaseCreation(creation.DatabaseCreation):
    """Makes the databases of tests, the one place besides ``manage.py setup`` where a new file is meant."""

    def _create_test_db(self, verbosity: int, autoclobber: bool, keepdb: bool = False) -> str:
        name = str(super()._create_test_db(verbosity, autoclobber, keepdb))  # type: ignore[misc]  # django-stubs does not know it
        if not self.is_in_memory_db(name):
            Path(name).touch(mode=0o600)
        return name


class DatabaseFeatures(features.DatabaseFeatures):
    """Known without asking: Django would open the database for it, also where there is none yet."""

    supports_json_field = True  # built in since SQLite 3.38; what Python 3.11 comes with has it


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that knows its file."""

    creation_class = DatabaseCreation
    features_class = DatabaseFeatures

    def get_new_connection(self, conn_params: dict[str, Any]) -> sqlite3.Connection:
        """Open the file.

        :raises OperationalError: if there is none
        """
        self._file = self._file_now()
        if self.file_is_missing():
            raise OperationalError(f"There is no database at {self.settings_dict['NAME']}; `manage.py setup` makes it.")
        connection: sqlite3.Connection = super().get_new_connection(conn_params)
        return connection

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Begin transactions without the lock for writers: what is read inside is one state, and others go on writing."""
        self.ensure_connection()
        mode: str | None = self.settings_dict["OPTIONS"]["transaction_mode"]
        self.transaction_mode = None
        try:
            yield
        finally:
            self.transaction_mode = mode

    def prepare_database(self) -> None:
        """Make the file, before the first migration."""
        if self.file_is_missing():
            Path(self.settings_dict["NAME"]).touch(mode=0o600)
        super().prepare_database()

    def file_is_missing(self) -> bool:
        """Return whether there should be a file and is none."""
        return not self.is_in_memory_db() and self._file_now() is None

    def is_usable(self) -> bool:
        """Tell whether the file is still the one that was opened."""
        return self._file == self._file_now()

    def _file_now(self) -> _FileId | None:
        try:
            status = Path(self.settings_dict["NAME"]).stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino
