"""What fails is told once when it begins, once when it is over, and anew when it begins again; and can be switched off by topic."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client

from notices import actions
from notices.models import Schedule
from portal import troubles
from portal.models import Activity
from portal.troubles import Topic, Trouble
from tests.notices.conftest import NOW, Telling

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def failing() -> Iterator[list[Trouble]]:
    """Return what fails; a test puts it there and takes it away."""
    listed: list[Trouble] = []
    troubles.register("tests", lambda: listed)
    yield listed
    troubles.register("tests", list)


def trouble(episode: str = "1", topic: Topic = Topic.SOURCES) -> Trouble:
    return Trouble(key="source:1", episode=episode, name="orders", reason="The folder is gone.", path="/somewhere/", topic=topic)


def test_it_is_told_that_it_begins_that_it_is_over_and_that_it_begins_again(
    telling: Telling, publisher: User, failing: list[Trouble]
) -> None:
    failing.append(trouble())
    assert ["orders fails: The folder is gone" in mail.subject for mail in telling()] == [True]
    failing.clear()
    (over,) = telling(NOW + MINUTE)
    assert "orders is in order again" in over.subject
    assert "there is nothing left to do" in over.text
    assert telling(NOW + 2 * MINUTE) == []
    failing.append(trouble("2"))
    assert ["orders fails" in mail.subject for mail in telling(NOW + 3 * MINUTE)] == [True]
    failing.clear()
    assert ["in order again" in mail.subject for mail in telling(NOW + 4 * MINUTE)] == [True]


def test_what_is_looked_at_again_is_not_over_and_no_news(telling: Telling, publisher: User, failing: list[Trouble]) -> None:
    again = dataclasses.replace(trouble(), is_asked_again=True)
    failing.append(again)
    assert telling() == []
    failing[:] = [trouble()]
    assert len(telling(NOW + MINUTE)) == 1
    failing[:] = [again]
    assert telling(NOW + 2 * MINUTE) == []
    failing.clear()
    assert ["in order again" in mail.subject for mail in telling(NOW + 3 * MINUTE)] == [True]
    failing.append(dataclasses.replace(trouble("2"), is_asked_again=True))
    assert telling(NOW + 4 * MINUTE) == []


def test_who_was_not_told_that_it_fails_is_not_told_that_it_is_over(telling: Telling, publisher: User, failing: list[Trouble]) -> None:
    User.objects.update(email="")
    failing.append(trouble())
    assert telling() == []
    failing.clear()
    User.objects.update(email="late@example.com")
    assert telling(NOW + MINUTE) == []


def test_a_mail_server_that_was_away_meanwhile_does_not_keep_the_end_from_being_told(
    telling: Telling, publisher: User, failing: list[Trouble]
) -> None:
    failing.append(trouble())
    assert len(telling()) == 1
    failing.clear()
    User.objects.update(is_active=False)
    assert telling(NOW + MINUTE) == []
    User.objects.update(is_active=True)
    assert len(telling(NOW + timedelta(days=2))) == 1


@pytest.mark.parametrize("topic", [Topic.CALLS, Topic.GATEWAYS, Topic.SOURCES])
def test_each_topic_can_be_switched_off_and_switching_it_off_ends_nothing(
    telling: Telling, publisher: User, failing: list[Trouble], topic: Topic
) -> None:
    failing.append(trouble(topic=topic))
    assert len(telling()) == 1
    others = {one.value: one is not topic for one in Topic if one}
    actions.tell_of(**others, by=None, now=NOW)
    assert telling(NOW + MINUTE) == []
    failing.clear()
    assert ["in order again" in mail.subject for mail in telling(NOW + 2 * MINUTE)] == [True]
    failing.append(trouble("2", topic=topic))
    assert telling(NOW + 3 * MINUTE) == []
    failing[:] = [trouble("3", topic=Topic.OTHER)]
    assert len(telling(NOW + 4 * MINUTE)) == 1


def test_what_fails_anew_at_once_was_not_over(telling: Telling, publisher: User, failing: list[Trouble]) -> None:
    for number in (1, 2, 3):
        failing[:] = [trouble(str(number))]
        (mail,) = telling(NOW + number * MINUTE)
        assert "order again" not in mail.text
    failing.clear()
    (over,) = telling(NOW + 4 * MINUTE)
    assert "orders is in order again" in over.subject


def test_the_page_has_the_switches_and_the_log_says_what_was_switched(client: Client, administrator: User) -> None:
    client.force_login(administrator)
    page = client.get("/notices/").content.decode()
    assert all(f'name="{one}"' in page for one in Topic if one)
    assert client.post("/notices/alerts/", {"gateways": "on"}).status_code == 303
    assert [Schedule.current().tells_of(one) for one in (Topic.CALLS, Topic.GATEWAYS, Topic.SOURCES)] == [False, True, False]
    assert Activity.objects.latest("id").changes == {"calls": [True, False], "sources": [True, False]}
    assert client.post("/notices/schedule/", {"thresholds": "7", "weekly": ""}).status_code == 303
    assert not Schedule.current().calls
