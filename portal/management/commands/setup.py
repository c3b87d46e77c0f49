"""`manage.py setup`: make what is missing before the portal can serve. Running it again does no harm."""

from __future__ import annotations

import os
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from portal import installation

STEPS = (
    installation.private_home,
    installation.secret_key,
    installation.encryption_keys,
    installation.tables,
    installation.translations,
    installation.static_files,
    installation.first_administrator,
)


class Command(BaseCommand):
    help = (
        "Make what is missing: PORTAL_HOME, the secret key, the encryption keys, the tables, translations, static files and the "
        "first administrator. Says what it does; running it again does no harm."
    )
    requires_system_checks: list[str] = []  # noqa: RUF012 - Django declares it so; the checks need what this makes

    def handle(self, *_args: Any, **_options: Any) -> None:
        os.umask(0o077)  # whatever this process and those it starts write is for its own user
        for step in STEPS:
            try:
                said = step()
            except ImproperlyConfigured as refused:
                raise CommandError(str(refused)) from refused
            if said:
                self.stdout.write(said)
        self.stdout.write("Everything is set up.")
