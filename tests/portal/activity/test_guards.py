"""No line is changed or deleted through the product."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from django.test import Client

from portal.activity.guards import TABLE
from portal.models import Activity, Unchangeable
from tests.makers import make_lines


def _save() -> None:
    line = Activity.objects.get(id=1)
    line.subject_name = "another"
    line.save()


@pytest.mark.parametrize(
    "change",
    [
        _save,
        lambda: Activity.objects.get(id=1).delete(),
        lambda: Activity.objects.all().delete(),
        lambda: Activity.objects.filter(id=1).update(subject_name="another"),
        lambda: Activity.objects.bulk_update([Activity(id=1, subject_name="another")], ["subject_name"]),
    ],
)
@pytest.mark.django_db
def test_the_model_refuses(change: Callable[[], object]) -> None:
    make_lines(2)
    with pytest.raises(Unchangeable), transaction.atomic():
        change()
    assert list(Activity.objects.order_by("id").values_list("subject_name", flat=True)) == ["api-0", "api-1"]


@pytest.mark.parametrize(
    "statement", [f"UPDATE {TABLE} SET subject_name = 'another' WHERE id = 1", f"DELETE FROM {TABLE} WHERE id = 1", f"DELETE FROM {TABLE}"]
)
@pytest.mark.django_db
def test_the_database_refuses(statement: str) -> None:
    make_lines(2)
    with pytest.raises(DatabaseError, match="do not change"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert Activity.objects.count() == 2


def test_who_is_deleted_stays_named(publisher: User, administrator: User) -> None:
    make_lines(1, actor=publisher, actor_name="publisher")
    before = Activity.objects.filter(actor_name="publisher").values().get()
    publisher.delete()
    assert Activity.objects.filter(actor_name="publisher").values().get() == before


def test_django_admin_shows_lines_and_changes_none(client: Client, administrator: User) -> None:
    administrator.is_superuser = administrator.is_staff = True
    administrator.save()
    client.force_login(administrator)
    make_lines(1)
    number = Activity.objects.order_by("-id")[0].id
    assert client.get(f"/admin/portal/activity/{number}/change/").status_code == 200
    for path in (f"/admin/portal/activity/{number}/change/", f"/admin/portal/activity/{number}/delete/", "/admin/portal/activity/add/"):
        assert client.post(path, {"subject_name": "another"}).status_code == 403
