"""The day of a moment, as a database tells it without asking Python for each of ten thousand rows."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import DateField, Transform


class UtcDay(Transform):
    """The day in UTC of a moment.

    SQLite keeps moments as text, in UTC, the day in front; Django's own way calls a function of Python for each row there.
    """

    output_field = DateField()
    function = "DATE"

    def as_sqlite(self, compiler: Any, connection: BaseDatabaseWrapper, **more: Any) -> Any:
        """Take the front of the text."""
        return self.as_sql(compiler, connection, function="SUBSTR", template="%(function)s(%(expressions)s, 1, 10)", **more)

    def as_postgresql(self, compiler: Any, connection: BaseDatabaseWrapper, **more: Any) -> Any:
        """Take the day of the moment in UTC."""
        return self.as_sql(compiler, connection, template="(%(expressions)s AT TIME ZONE 'UTC')::date", **more)
