"""What is remembered until the log goes on."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from portal.activity import record
from portal.activity.remembering import Remembered
from portal.models import Event, Preferences, Theme

pytestmark = pytest.mark.django_db


def _themes() -> list[str]:
    return list(Preferences.objects.values_list("theme", flat=True))


def _prefer(person: User, *, told: bool) -> None:
    with transaction.atomic():
        Preferences.objects.create(user=person, theme=Theme.DARK)
        if told:
            record(Event.PERSON_CHANGED, Named(person), by=None, at=timezone.now())


class Named:
    """A person, as a line is about them."""

    def __init__(self, person: User) -> None:
        self.pk, self.name = person.pk, person.username


def test_it_is_read_once(viewer: User) -> None:
    themes = Remembered(_themes)
    assert themes() == []
    _prefer(viewer, told=False)
    assert themes() == []


def test_a_change_is_seen_at_once_by_whoever_remembers(viewer: User) -> None:
    one, other = Remembered(_themes), Remembered(_themes)
    assert one() == other() == []
    _prefer(viewer, told=True)
    assert one() == other() == [Theme.DARK]


def test_what_is_undone_with_its_line_is_not_remembered(viewer: User, publisher: User) -> None:
    themes = Remembered(_themes)
    with transaction.atomic():
        _prefer(viewer, told=True)
        assert themes() == [Theme.DARK]
        transaction.set_rollback(True)
    record(Event.PERSON_CHANGED, Named(publisher), by=None, at=timezone.now())  # the next line has the number of the one undone
    assert themes() == []


def test_a_change_while_it_is_read_makes_the_next_one_read_again(viewer: User) -> None:
    changes = [lambda: _prefer(viewer, told=True)]

    def read() -> list[str]:
        found = _themes()
        if changes:
            changes.pop()()
        return found

    themes = Remembered(read)
    assert themes() == []
    assert themes() == [Theme.DARK]


def test_forgotten_it_is_read_again(viewer: User) -> None:
    themes = Remembered(_themes)
    themes()
    _prefer(viewer, told=False)
    themes.forget()
    assert themes() == [Theme.DARK]
