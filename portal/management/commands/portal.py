"""`manage.py portal run`: serve the pages and the REST API."""

from __future__ import annotations

import os
import resource
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.checks import Tags
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import DEFAULT_DB_ALIAS

WORKERS = 2
CONNECTIONS = 4096  # at once, per worker; one that says nothing is closed after SILENT_SECONDS
SILENT_SECONDS = 30


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
            "interface": "asginl",
            # HTTP/1.1 alone. Where HTTP/2 is possible too, granian waits for ever for the first byte of a connection.
            "http": "1",
            "host": settings.PORTAL_HOST,
            "port": str(settings.PORTAL_PORT),
            "workers": str(WORKERS),
            "backlog": str(CONNECTIONS),
            "backpressure": str(CONNECTIONS),
            "http1-header-read-timeout": str(SILENT_SECONDS * 1000),
            "workers-kill-timeout": "5",
            "log-level": "error",
        }
        _allow_connections()
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        command = [sys.executable, "-m", "granian", *arguments, "--respawn-failed-workers", "--no-ws", "portal.asgi:application"]
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "portal.pooled"}
        os.execve(sys.executable, command, environment)  # noqa: S606 - granian itself, from this environment


def _allow_connections() -> None:
    """Raise the number of files that may be open, as far as the system lets us, to what the connections of a worker need."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * CONNECTIONS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))
