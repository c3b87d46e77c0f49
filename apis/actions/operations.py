"""Changes to operations: which calls an API lets through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from apis.actions import facts
from apis.actions.refusals import EditedMeanwhile, Taken
from apis.actions.rows import locked, save, save_changed
from apis.models import Api, Operation
from apis.url_template import shape_of
from portal.activity import differences, record
from portal.models import Event

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User


@transaction.atomic
def add_operation(
    api: Api, *, name: str, display_name: str, method: str, url_template: str, description: str = "", by: User | None, now: datetime
) -> Operation:
    """Let calls through that match *method* (``*`` = any) and *url_template*.

    :raises Taken: if another operation of the API bears the name or matches the same calls
    """
    api = locked(api)
    operation = Operation(api=api, name=name, display_name=display_name, method=method, url_template=url_template, description=description)
    _refuse_second_signature(operation)
    save(operation, "name")
    save_changed(api, by=by, now=now)
    changes = differences({}, facts.of_operation(operation))
    record(Event.OPERATION_ADDED, api, by=by, at=now, changes=changes, operation=name, method=method, url_template=url_template)
    return operation


@transaction.atomic
def change_operation(
    operation: Operation,
    *,
    display_name: str,
    method: str,
    url_template: str,
    description: str = "",
    revision: int | None = None,
    by: User | None,
    now: datetime,
) -> Operation:
    """Change what an operation matches and how it is called.

    :param revision: the revision of the operation that the editor saw; ``None`` skips the check
    :raises EditedMeanwhile: if it has another revision by now
    :raises Taken: if another operation of the API matches the same calls
    :raises Operation.DoesNotExist: if it is gone
    """
    api = locked(operation.api)
    operation = api.operations.get(pk=operation.pk)
    if revision is not None and operation.revision != revision:
        raise EditedMeanwhile(api)
    before = facts.of_operation(operation)
    operation.display_name = display_name
    operation.method = method
    operation.url_template = url_template
    operation.description = description
    operation.revision += 1
    _refuse_second_signature(operation)
    operation.save()
    save_changed(api, by=by, now=now)
    changes = differences(before, facts.of_operation(operation))
    record(Event.OPERATION_CHANGED, api, by=by, at=now, changes=changes, operation=operation.name, method=method, url_template=url_template)
    return operation


@transaction.atomic
def delete_operation(operation: Operation, *, by: User | None, now: datetime) -> None:
    """Let no more calls through that only this operation matched."""
    api = locked(operation.api)
    operation = api.operations.get(pk=operation.pk)
    save_changed(api, by=by, now=now)
    record(Event.OPERATION_DELETED, api, by=by, at=now, changes=differences(facts.of_operation(operation), {}), operation=operation.name)
    operation.delete()


def _refuse_second_signature(operation: Operation) -> None:
    """Parameters match whatever they are called. No race: the caller has locked the API."""
    shape = shape_of(operation.url_template)
    others = Operation.objects.filter(api=operation.api, method=operation.method).exclude(pk=operation.pk)
    for template in others.values_list("url_template", flat=True):
        if shape_of(template) == shape:
            raise Taken("url_template", str(operation))
