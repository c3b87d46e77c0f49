"""A portal whose pages are answered in this process, without a server: what they take is the application's own time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.report import Row, percentile

if TYPE_CHECKING:
    from django.test import Client


def portal(home: str) -> Client:
    """Set up a portal in *home* and sign an administrator in."""
    os.environ |= {"PORTAL_HOME": home, "PORTAL_SECRET_KEY": "benchmark", "DJANGO_SETTINGS_MODULE": "portal.settings"}
    import django

    (Path(home) / "static").mkdir()  # WhiteNoise warns when it is not there
    django.setup()
    from django.conf import settings
    from django.contrib.auth.models import Group, User
    from django.core.management import call_command
    from django.test import Client

    from portal import installation
    from portal.roles import ADMINISTRATORS

    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.ALLOWED_HOSTS.append("testserver")
    installation.encryption_keys()
    call_command("migrate", verbosity=0)
    user = User.objects.create(username="boss")
    user.groups.add(Group.objects.get(name=ADMINISTRATORS))
    client = Client()
    client.force_login(user)
    return client


def page(client: Client, title: str, path: str, rounds: int) -> Row:
    """Ask for *path* so often, and return how long it took."""
    assert client.get(path).status_code == HTTPStatus.OK, path  # its template is compiled when it is first asked for
    times = [took(lambda: client.get(path)) for _ in range(rounds)]
    return {"": title, "p50 ms": percentile(times, 0.5), "p95 ms": percentile(times, 0.95), "max ms": max(times)}


def took(work: Callable[[], object]) -> float:
    """Return how many milliseconds *work* takes."""
    began = time.monotonic()
    work()
    return (time.monotonic() - began) * 1000
