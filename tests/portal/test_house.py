"""The pages of *Settings*: what is kept, what this is, and for whom."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.test import Client

from portal.house.components import components
from portal.house.retention import lasting

pytestmark = pytest.mark.any_database


def test_the_overview_leads_to_the_pages_that_are_open_to_the_reader(administrators_pages: Client, signed_in: Client) -> None:
    for client, open_to in ((administrators_pages, True), (signed_in, False)):
        cards = client.get("/settings/").content.decode().partition('class="choices"')[2].partition("</ul>")[0]
        assert 'href="/settings/retention/"' in cards
        assert 'href="/settings/about/"' in cards
        assert ('href="/notices/"' in cards) is open_to
        assert ('href="/settings/sign-in/"' in cards) is open_to


@pytest.mark.parametrize(("days", "words"), [(0, "For ever"), (1, "1 day"), (730, "730 days")])
def test_it_is_told_how_long_the_log_is_kept_and_what_sets_that(signed_in: Client, settings: LazySettings, days: int, words: str) -> None:
    settings.ACTIVITY_KEEP_DAYS = days
    row = signed_in.get("/settings/retention/").content.decode().partition("Lines of the activity log")[2].partition("</tr>")[0]
    assert f">{words}<" in row
    assert "PORTAL_ACTIVITY_KEEP_DAYS" in row


def test_figures_and_failures_are_told_of_by_the_room_that_keeps_them(signed_in: Client) -> None:
    page = signed_in.get("/settings/retention/").content.decode()
    assert "732 days" in page
    assert "The newest 100,000" in page


def test_about_says_the_version_how_each_part_is_and_the_licences(signed_in: Client) -> None:
    page = signed_in.get("/settings/about/").content.decode()
    for words in ("Django", "database", "disk", "ring", "cryptography", "Apache-2.0 OR BSD-3-Clause"):
        assert words in page


@pytest.mark.parametrize(
    ("time", "words"),
    [
        (timedelta(minutes=1), "1 minute"),
        (timedelta(minutes=90), "90 minutes"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(hours=25), "25 hours"),
        (timedelta(days=32), "32 days"),
    ],
)
def test_times_are_told_in_the_largest_unit_that_tells_them_whole(time: timedelta, words: str) -> None:
    assert lasting(time) == words


def test_components_are_those_of_the_lock_that_are_installed_here(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    lock.write_text("Django==5.2.19 \\\n    --hash=sha256:x\nno-such-package==1.0\n# comment==2\n", encoding="utf-8")
    (only,) = components(lock)
    assert (only.name, only.licence) == ("Django", "BSD-3-Clause")
