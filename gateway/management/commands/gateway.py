"""`manage.py gateway run`, `gateway restart`: Envoy under the supervisor."""

from __future__ import annotations

import os
import signal
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from gateway import envoy, supervisor
from gateway.bootstrap import as_json, bootstrap


class Command(BaseCommand):
    help = "Run the gateway, or restart the one that runs here."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("run", help="run Envoy until ended; its configuration comes from the xDS process")
        verbs.add_parser("restart", help="replace the running Envoy by a new one without losing a call")

    def handle(self, *_args: Any, verb: str, **_options: Any) -> None:
        if verb == "restart":
            self._restart()
        else:
            _run()

    def _restart(self) -> None:
        # The new Envoy starts with what the settings say now.
        if (process := supervisor.running(settings.PORTAL_HOME)) is None:
            raise CommandError(f"No gateway runs in {settings.PORTAL_HOME}.")
        _write_bootstrap()
        os.kill(process, signal.SIGHUP)
        self.stdout.write("The gateway is restarting; calls go on.")


def _run() -> None:
    """Become the supervisor, which needs nothing of Django."""
    try:
        binary = envoy.binary()
    except ImproperlyConfigured as error:
        raise CommandError(str(error)) from error
    _write_bootstrap()
    script = str(Path(supervisor.__file__).resolve())
    options = ["--envoy", binary, "--home", str(settings.PORTAL_HOME), "--concurrency", str(envoy.concurrency())]
    os.execv(sys.executable, [sys.executable, "-I", script, *options])  # noqa: S606 - Python itself, with nothing from outside


def _write_bootstrap() -> None:
    settings.PORTAL_HOME.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = settings.PORTAL_HOME / supervisor.BOOTSTRAP
    new = path.with_suffix(".new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(as_json(bootstrap(envoy.chosen_bootstrap())))
    new.replace(path)
