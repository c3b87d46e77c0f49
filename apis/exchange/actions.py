"""Storing what a definition makes of an API: its operations, in one transaction and one line of the activity log."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F

from apis.actions.rows import locked, save_changed
from apis.exchange import documenting
from apis.exchange.planning import Plan, Read, Wanted, plan
from apis.models import Api, Operation
from apis.named_values.values import KeptValues
from apis.policies.rewriting import refuse_missing
from apis.policies.surroundings import read_own
from apis.policies.words import in_words
from apis.policy import Scope, UnreadablePolicy
from portal.activity import differences, record
from portal.models import Event

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User


class UnfitPolicy(Exception):
    """The policy of an operation cannot be taken with the URL template that the document gives it.

    :ivar operation: as it would be
    :ivar reason: why, in a sentence
    """

    def __init__(self, operation: Operation, reason: str) -> None:
        """Hold the operation and the reason."""
        super().__init__(f"{operation}: {reason}")
        self.operation = operation
        self.reason = reason


_FIELDS = ("display_name", "method", "url_template", "description")


def operations_of(api: Api) -> list[Wanted]:
    """Return the operations that an API has."""
    rows = api.operations.values("name", *_FIELDS)
    return [Wanted(**row) for row in rows]


@transaction.atomic
def import_operations(
    api: Api, read: Read, *, kind: str, keep_gone: bool = False, revision: int | None = None, by: User | None, now: datetime
) -> Plan:
    """Make the operations of *api* those of a document; operations that stay keep their names.

    :param kind: what the document is, for the log: ``OpenAPI 3.0.3``
    :param keep_gone: whether operations that the document has not stay as they are
    :param revision: the revision that the preview was made of; ``None`` skips the check
    :returns: what was done
    :raises apis.actions.EditedMeanwhile: if it has another revision by now
    :raises Api.DoesNotExist: if it is gone
    :raises UnfitPolicy: if the policy of an operation needs parameters that it would not have any more
    """
    api = locked(api, revision)
    done = plan(operations_of(api), read.operations)
    rows = {row.name: row for row in api.operations.all()}
    if not keep_gone:
        api.operations.filter(name__in=[one.name for one in done.gone]).delete()
    _change(rows, done)
    Operation.objects.bulk_create([_row(api, one) for one in done.added])
    _document(api, (*done.added, *(one.after for one in done.changed), *done.same))
    save_changed(api, by=by, now=now)
    _record(api, done, kind=kind, keep_gone=keep_gone, by=by, now=now)
    return done


def _row(api: Api, one: Wanted) -> Operation:
    return Operation(api=api, name=one.name, **{name: getattr(one, name) for name in _FIELDS})


def _change(rows: dict[str, Operation], done: Plan) -> None:
    changed = [rows[one.before.name] for one in done.changed]
    for row, change in zip(changed, done.changed, strict=True):
        for name in _FIELDS:
            setattr(row, name, getattr(change.after, name))
    _refuse_unfit(changed)
    Operation.objects.bulk_update(changed, _FIELDS, batch_size=100)
    Operation.objects.filter(pk__in=[row.pk for row in changed]).update(revision=F("revision") + 1)


def _refuse_unfit(operations: Iterable[Operation]) -> None:
    values = KeptValues()
    for one in operations:
        try:
            refuse_missing(read_own(one.document, Scope.OPERATION, values).sections, one.url_template, values)
        except UnreadablePolicy as refusal:
            raise UnfitPolicy(one, in_words(refusal.reason)) from refusal


def _document(api: Api, operations: Iterable[Wanted]) -> None:
    keys = dict(api.operations.values_list("name", "pk"))
    documenting.keep({keys[one.name]: one.documentation for one in operations})


def _record(api: Api, done: Plan, *, kind: str, keep_gone: bool, by: User | None, now: datetime) -> None:
    old = [one.before.signature for one in done.changed] + ([] if keep_gone else [one.signature for one in done.gone])
    new = [one.after.signature for one in done.changed] + [one.signature for one in done.added]
    changes = differences({"operations": sorted(old)}, {"operations": sorted(new)})
    record(
        Event.API_IMPORTED,
        api,
        by=by,
        at=now,
        changes=changes,
        kind=kind,
        added=len(done.added),
        changed=len(done.changed),
        deleted=0 if keep_gone else len(done.gone),
    )
