"""What the command of earlier releases has told."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import connection

from certificates.models import ExpiryNotice
from notices.models import Told
from tests.notices.conftest import NOW, Telling, certificate

take_over = import_module("notices.migrations.0002_told_by_the_command").take_over


@pytest.mark.django_db
def test_it_is_not_told_again_but_what_comes_next_is(telling: Telling, publisher: User) -> None:
    entry = certificate("orders", days=3)
    assert entry.current
    ExpiryNotice.objects.create(version=entry.current, person=publisher, days=7, sent_at=NOW)
    take_over(apps, SimpleNamespace(connection=connection))
    take_over(apps, SimpleNamespace(connection=connection))  # broken off and begun again
    assert Told.objects.count() == 1
    assert telling() == []
    assert len(telling(NOW + timedelta(days=2))) == 1
