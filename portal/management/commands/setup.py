"""`manage.py setup`: make what is missing before the portal can serve. Running it again does no harm."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from portal import database, identity, installation
from portal.activity.feed import installation as installation_of_the_database

STEPS = (
    installation.private_home,
    installation.database_is_ours,
    installation.tables,  # before the keys: a start that is broken off here does not look as if the database was lost
    installation.sound_tables,
    installation.secret_key,
    installation.encryption_keys,
    installation.belonging,
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

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--new-database",
            action="store_true",
            help="the database that is there is the one to use from now on, also if it is empty; gateways lose what is not in it",
        )
        parser.add_argument(
            "--new-keys", action="store_true", help="secret key and ring were changed on purpose, here and on every portal of this database"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        os.umask(0o077)  # whatever this process and those it starts write is for its own user
        try:
            self._set_up(new_database=options["new_database"], new_keys=options["new_keys"])
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"The database ({database.shown_name()}) cannot be used: {str(error).strip()}") from error
        except OSError as error:
            raise CommandError(
                f"{settings.PORTAL_HOME} cannot be written: {error}. It must belong to the user that runs the portal."
            ) from error
        self.stdout.write("Everything is set up.")

    def _set_up(self, *, new_database: bool, new_keys: bool) -> None:
        for step in STEPS:
            if new_database and step == installation.database_is_ours:
                continue
            if new_database and step == installation.belonging:
                identity.keep(another=True)
                identity.begin_anew()
            if new_keys and step == installation.belonging:
                identity.share(installation_of_the_database())
            if said := step():
                self.stdout.write(said)
