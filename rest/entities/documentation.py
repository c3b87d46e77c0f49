"""Keeps what imported definitions say of operations, among what clients have said of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from apis.definitions.documentation import Documentation
from rest.models import Remarks

KEYS = ("templateParameters", "request", "responses")
_BATCH = 500


class Remembered:
    """Documentation of operations, in their remarks."""

    def keep(self, documented: Mapping[int, Documentation]) -> None:
        """Keep it in place of what was kept; what else was said of the operations stays."""
        there = {row.operation_id: row for row in Remarks.objects.filter(operation__in=list(documented))}
        for key, documentation in documented.items():
            row = there.setdefault(key, Remarks(operation_id=key))
            rest = {name: value for name, value in row.properties.items() if name not in KEYS}
            row.properties = rest | {name: documentation[name] for name in KEYS if name in documentation}
        Remarks.objects.bulk_update([row for row in there.values() if row.pk], ["properties"], batch_size=_BATCH)
        Remarks.objects.bulk_create([row for row in there.values() if not row.pk], batch_size=_BATCH)

    def of(self, operations: Iterable[int]) -> Mapping[int, Documentation]:
        """Return what is kept."""
        rows = Remarks.objects.filter(operation__in=list(operations))
        return {
            row.operation_id: {name: row.properties[name] for name in KEYS if name in row.properties} for row in rows if row.operation_id
        }
