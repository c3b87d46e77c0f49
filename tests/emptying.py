"""The tables emptied after a test that commits, but for what migrating has put into them.

Django empties all of them and has permissions and roles made anew, which takes most of a second each time.
"""

from __future__ import annotations

from django.db import connection, transaction

from portal.activity.guards import guard, unguard

_MADE_BY_MIGRATING = {"django_content_type", "auth_permission", "auth_group", "auth_group_permissions"}


def empty_tables() -> None:
    """Delete every row of the tests' database that a test may have left, lines of the activity log as well."""
    with transaction.atomic():
        unguard()
        with connection.cursor() as cursor:
            for table in _tables_with_rows():
                cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")  # foreign keys are checked at the end
        guard()


def _tables_with_rows() -> list[str]:
    tables = set(connection.introspection.django_table_names(only_existing=True)) - _MADE_BY_MIGRATING
    looks = (f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {connection.ops.quote_name(table)})" for table in sorted(tables))
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(looks))
        return [table for (table,) in cursor.fetchall()]
