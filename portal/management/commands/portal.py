"""`manage.py portal run`: serve the pages and the REST API."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.checks import Tags
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import DEFAULT_DB_ALIAS

WORKERS = 2
# Per worker. A thread is busy while a PFX file is being opened (seconds, for a hostile one), so there are more than cores.
BLOCKING_THREADS = 32


class Command(BaseCommand):
    help = "Serve the pages and the REST API on PORTAL_ADDRESS."
    requires_system_checks = ()  # the workers make them all; here, once more, they would only make people wait

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("run", help="serve until ended; reads its address from PORTAL_ADDRESS")

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Become granian, so that signals and the exit code are its own."""
        self.check(tags=[Tags.database], databases=[DEFAULT_DB_ALIAS])  # the workers would say it less plainly
        call_command("certificates", "confinement", stdout=self.stdout)  # by name: the floor knows no other room
        self.stdout.flush()
        options = {
            "interface": "wsgi",
            "host": settings.PORTAL_HOST,
            "port": str(settings.PORTAL_PORT),
            "workers": str(WORKERS),
            "blocking-threads": str(BLOCKING_THREADS),
            "workers-kill-timeout": "5",
            "log-level": "error",
        }
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        os.execv(  # noqa: S606 - granian itself, from this environment
            sys.executable, [sys.executable, "-m", "granian", *arguments, "--respawn-failed-workers", "--no-ws", "portal.wsgi:application"]
        )
