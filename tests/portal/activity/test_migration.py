"""Lines from before there was a chain are sealed and chained by the migration."""

from __future__ import annotations

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from portal.activity.verification import verify
from portal.models import Activity
from tests.makers import make_lines

BEFORE = [("portal", "0003_failed_guesses"), ("certificates", "0004_names_differ_by_more_than_case")]


def test_lines_there_were_are_verified_as_those_that_follow(empty_database: None) -> None:
    executor = MigrationExecutor(connection)
    executor.migrate(BEFORE)
    old = executor.loader.project_state(BEFORE).apps
    for number in (1, 2, 5, 9):  # PostgreSQL had left numbers out
        old.get_model("portal", "Activity").objects.create(
            id=number, at=timezone.now(), event="api.created", subject_id="1", subject_name="orders", details={"path": "é"}
        )
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())
    assert verify().findings == []
    assert set(Activity.objects.values_list("kind", flat=True)) == {"api"}
    make_lines(2)
    assert list(Activity.objects.order_by("id").values_list("id", flat=True)) == [1, 2, 5, 9, 10, 11]
    assert verify().findings == []
