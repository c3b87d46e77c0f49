"""Locking and saving rows, so that races become refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction

from apis.actions.refusals import EditedMeanwhile, Taken
from apis.models import Api, Operation, Subscription

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User
    from django.db.models import QuerySet


def locked(api: Api, revision: int | None = None) -> Api:
    """Return *api* as it is now, locked until the transaction ends.

    :param revision: the revision the editor saw; ``None`` skips the check
    :raises EditedMeanwhile: if it has another revision by now
    :raises Api.DoesNotExist: if it is gone
    """
    api = Api.objects.select_for_update().get(pk=api.pk)
    if revision is not None and api.revision != revision:
        raise EditedMeanwhile(api)
    return api


def save(row: Api | Operation | Subscription, *fields: str) -> None:
    """Save *row*; the database decides races.

    :raises Taken: naming the one of the unique *fields* that another row of the kind (operations: of the API) holds
    """
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        rivals: QuerySet[Any] = type(row)._default_manager.exclude(pk=row.pk)
        if isinstance(row, Operation):
            rivals = rivals.filter(api=row.api)
        for field in fields:
            if rivals.filter(**{field: getattr(row, field)}).exists():
                raise Taken(field, getattr(row, field)) from error
        raise


def save_changed(api: Api, *, by: User | None, now: datetime) -> None:
    """Save a changed API under a new revision, with who changed it and when.

    :raises Taken: if another API has its URL suffix
    """
    api.revision += 1
    api.changed_at = now
    api.changed_by = by
    save(api, "path")
