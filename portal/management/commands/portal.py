"""`manage.py portal run`: serve the pages and the REST API; `certificate`: make one for it to speak TLS by."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import Tags
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS
from django.utils import timezone

from portal import __version__, logs, schema, tls_files
from portal.installation import private_home, write_private
from portal.self_made import self_made

WORKERS = 2
CONNECTIONS = 4096  # at once, per worker; one that says nothing is closed after SILENT_SECONDS
SILENT_SECONDS = 30
START_SECONDS = 10  # for another certificate workers are replaced one by one, each given this long to start before its turn ends


class Command(BaseCommand):
    help = "Serve the pages and the REST API on PORTAL_ADDRESS; make a certificate to serve them by HTTPS."
    requires_system_checks = ()  # the workers make them all; here, once more, they would only make people wait

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("run", help="serve until ended; reads its address from PORTAL_ADDRESS")
        certificate = verbs.add_parser("certificate", help="make a self-signed certificate and its key; browsers warn of it")
        certificate.add_argument("--host", action="append", help="a name or address to make it for; else those in PORTAL_ALLOWED_HOSTS")
        certificate.add_argument("--directory", type=Path, help="where portal.crt and portal.key are written; else below PORTAL_HOME")

    def handle(self, *_args: Any, verb: str, **options: Any) -> None:
        match verb:
            case "run":
                self._run()
            case "certificate":
                self._certificate(options["host"], options["directory"] or Path(settings.PORTAL_HOME) / "portal-tls")

    def _certificate(self, hosts: list[str] | None, directory: Path) -> None:
        """Write a self-made certificate and its key where there are none."""
        certificate, key = directory / "portal.crt", directory / "portal.key"
        for path in (certificate, key):
            if path.exists():
                raise CommandError(f"{path} is there already; nothing was written. Move it away, or name another --directory.")
        wanted = hosts or [host for host in dict.fromkeys(settings.ALLOWED_HOSTS) if host != "*"] or ["localhost"]
        made = self_made(wanted, now=timezone.now())
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path, content in zip((certificate, key), made, strict=True):
            write_private(path, content.decode())
        self.stdout.write(f"For {', '.join(wanted)}. The portal uses it with:\nPORTAL_TLS_CERTIFICATE={certificate}\nPORTAL_TLS_KEY={key}")

    def _run(self) -> None:
        """Become granian, so that signals and the exit code are its own."""
        private_home()  # in a container it may be on a volume that is new at each start
        self.check(tags=[Tags.database], databases=[DEFAULT_DB_ALIAS])  # the workers would say it less plainly
        if wanting := schema.unmigrated():
            raise CommandError(wanting)
        self.stdout.write(f"Publisher portal {__version__}.")
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
        if settings.PORTAL_TLS_CERTIFICATE or settings.PORTAL_TLS_KEY:
            both = str(_take_tls_files())
            options |= {"ssl-certificate": both, "ssl-keyfile": both, "ssl-protocol-min": "tls1.2"}
            options["respawn-interval"] = str(START_SECONDS)
        if settings.LOG_FORMAT == logs.JSON:
            options["log-config"] = str(Path(logs.__file__).with_name("granian.json"))
        _allow_connections()
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        command = [sys.executable, "-m", "granian", *arguments, "--respawn-failed-workers", "--no-ws", "portal.asgi:application"]
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "portal.pooled"}
        os.execve(sys.executable, command, environment)  # noqa: S606 - granian itself, from this environment


def _take_tls_files() -> Path:
    """Take certificate and key, start what watches them, and return the file that holds both.

    :raises CommandError: if they cannot be used
    """
    if not (settings.PORTAL_TLS_CERTIFICATE and settings.PORTAL_TLS_KEY):
        raise CommandError("Set PORTAL_TLS_CERTIFICATE and PORTAL_TLS_KEY, both, or neither: they name the two PEM files.")
    files = {"certificate": Path(settings.PORTAL_TLS_CERTIFICATE).absolute(), "key": Path(settings.PORTAL_TLS_KEY).absolute()}
    into = Path(settings.PORTAL_HOME) / "portal-tls.pem"
    try:
        tls_files.take(files["certificate"], files["key"], into=into)
    except tls_files.UnusableTls as refusal:
        raise CommandError(str(refusal)) from refusal
    named = [part for name, value in (*files.items(), ("into", into), ("server", os.getpid())) for part in (f"--{name}", str(value))]
    subprocess.Popen([sys.executable, "-I", tls_files.__file__, *named])  # noqa: S603 - our own; it ends with this process
    return into


def _allow_connections() -> None:
    """Raise the number of files that may be open, as far as the system lets us, to what the connections of a worker need."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * CONNECTIONS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))
