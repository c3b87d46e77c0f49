"""What several machines hold in turn goes by the clock of the database's server, whatever their own say."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from certificates.rollout.keeper import Tries
from certificates.rollout.models import Candidate
from portal.clock import shared_now
from tests.makers import make_candidate, make_certificate

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(hours=-1)])
def test_a_clock_that_goes_wrong_takes_nothing_from_another_machine(monkeypatch: pytest.MonkeyPatch, ahead: timedelta) -> None:
    make_candidate(make_certificate())
    Candidate.objects.update(holder="another", held_until=shared_now() + timedelta(seconds=30))
    right = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: right() + ahead)
    if connection.vendor == "sqlite":  # whose file is of one machine, and so is the clock
        assert shared_now() - right() > ahead - timedelta(minutes=1)
        return
    assert abs(shared_now() - right()) < timedelta(minutes=1)
    assert not Tries().step()
    Candidate.objects.update(held_until=shared_now() - timedelta(seconds=1))
    assert Tries().step()
