"""The log as files: JSON lines, and CSV that a spreadsheet may open."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from pytest_django.fixtures import Settings

from portal.activity import pages
from portal.activity.verification import verify
from portal.models import Activity, Event
from tests.makers import make_lines

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", '=HYPERLINK("http://x")']


def exported(*words: str) -> str:
    out = io.StringIO()
    call_command("activity", "export", *words, stdout=out)
    return out.getvalue()


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.django_db
def test_json_lines_hold_all_that_a_line_holds() -> None:
    make_lines(1, subject_name="é\nx", details={"text": "=1"}, changes={"path": ["a", "b"]}, actor_name="somebody")
    (line,) = map(json.loads, exported().splitlines())
    stored = Activity.objects.get(id=1)
    assert line["subject"] == {"kind": "api", "id": "0", "name": "é\nx"}
    assert (line["person"], line["details"], line["changes"]) == ("somebody", {"text": "=1"}, {"path": ["a", "b"]})
    assert (line["line"], line["seal"], line["link"]) == (1, stored.seal, stored.link)
    assert datetime.fromisoformat(line["at"]) == stored.at


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.django_db
def test_no_cell_is_a_formula_or_breaks_its_line(formula: str) -> None:
    make_lines(1, subject_name=formula, actor_name=formula)
    text = exported("--format", "csv")
    assert len(text.splitlines()) == 2
    (row,) = rows(text)
    for cell in (row["subject"], row["person"]):
        assert cell.startswith("'")
        assert cell.isprintable()


@pytest.mark.parametrize("formula", [f"x;{formula}" for formula in FORMULAS])
@pytest.mark.django_db
def test_where_semicolons_separate_cells_none_is_a_formula(formula: str) -> None:
    make_lines(1, subject_name=formula, details={"text": formula})
    (row,) = rows(exported("--format", "csv"))
    assert ";'" in row["subject"]
    for cell in (row["subject"], row["details"]):
        assert not any(part.strip()[:1] in "=+-@\uff1d" for part in cell.split(";"))


@pytest.mark.django_db
def test_days_are_in_utc_and_both_included() -> None:
    for day in (1, 2, 3):
        make_lines(1, at=datetime(2026, 11, day, 23, 59, 59, tzinfo=UTC), subject_name=str(day))
    assert [row["subject"] for row in rows(exported("--format=csv", "--from=2026-11-02", "--to=2026-11-03"))] == ["2", "3"]
    assert [row["subject"] for row in rows(exported("--format=csv", "--to=2026-11-01"))] == ["1"]


@pytest.mark.django_db
def test_that_it_was_exported_is_a_line() -> None:
    make_lines(2)
    exported()
    line = Activity.objects.get(event=Event.LOG_EXPORTED)
    assert line.details == {"format": "jsonl", "up_to": 2}
    assert verify().findings == []


@pytest.mark.django_db
def test_a_long_log_is_written_piece_by_piece() -> None:
    make_lines(4500)
    assert [json.loads(line)["line"] for line in exported().splitlines()] == list(range(1, 4501))


@pytest.mark.parametrize(("form", "content_type"), [("csv", "text/csv"), ("jsonl", "application/jsonl")])
def test_administrators_download_it(client: Client, administrator: User, form: str, content_type: str) -> None:
    client.force_login(administrator)
    make_lines(3)
    answer = client.post("/activity/download/", {"format": form, "from": "2026-01-01"})
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith(content_type)
    assert answer["Content-Disposition"].startswith("attachment; filename=")
    assert b"api-2" in answer.content
    assert Activity.objects.get(event=Event.LOG_EXPORTED).actor == administrator


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"format": "csv", "from": "nonsense"}, "Enter a valid date"),
        ({"format": "xls"}, "Choose CSV or JSON lines."),
        ({}, "Choose CSV or JSON lines."),
    ],
)
def test_a_download_that_makes_no_sense_is_refused(client: Client, administrator: User, sent: dict[str, str], words: str) -> None:
    client.force_login(administrator)
    answer = client.post("/activity/download/", sent)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Activity.objects.filter(event=Event.LOG_EXPORTED).exists()


def test_too_many_lines_for_a_page_are_for_the_command(
    client: Client, administrator: User, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "MOST_LINES", 5)
    client.force_login(administrator)
    make_lines(10)
    answer = client.post("/activity/download/", {"format": "csv"})
    assert answer.status_code == 422
    assert "more than 5 lines" in answer.content.decode()


def test_nobody_else_downloads_it(signed_in: Client) -> None:
    assert signed_in.post("/activity/download/", {"format": "csv"}).status_code == 403
    assert b"Download" not in signed_in.get("/activity/").content


def test_the_download_is_narrowed_as_the_page_is_and_holds_old_and_new(client: Client, administrator: User) -> None:
    client.force_login(administrator)
    make_lines(3, changes={"path": ["old", "new"]})
    make_lines(2, event=Event.SUBSCRIPTION_CHANGED)

    def downloaded(**asked: str) -> list[Any]:
        answer = client.post("/activity/download/", {"format": "jsonl", **asked})
        return [json.loads(line) for line in answer.content.decode().splitlines()]

    assert [line["changes"] for line in downloaded(kind="api.changed")] == [{"path": ["old", "new"]}] * 3
    assert [line["subject"]["name"] for line in downloaded(q="API-1", kind="api")] == ["api-1"]
    assert [line["event"] for line in downloaded(about="subscription:1")] == ["subscription.changed"]
    assert downloaded(who="nobody") == []
