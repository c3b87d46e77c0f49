"""`manage.py gateway run` and `restart`: Envoy under the supervisor; `enrol`, `remove` and `list`: which gateways may come."""

from __future__ import annotations

import json
import os
import signal
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from certificates.models import valid_name
from certificates.sealing import SealingError
from gateway import actions
from gateway.agent import chosen, envoy, supervisor
from gateway.agent.bootstrap import as_json, bootstrap
from gateway.agent.identity import FILES as IDENTITY_FILES
from gateway.models import Gateway
from portal import private_files
from portal.characters import shown
from portal.validators import plain_name


class Command(BaseCommand):
    help = "Run the gateway, or restart the one that runs here; say which gateways of other machines may come."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("run", help="run Envoy and the agent beside it until ended; the configuration comes from the xDS process")
        verbs.add_parser("restart", help="replace the running Envoy by a new one without losing a call")

        enrol = verbs.add_parser("enrol", help="let a gateway on another machine come; writes its certificate, key and our authority")
        enrol.add_argument("name", help="what the gateway is called here")
        where = enrol.add_mutually_exclusive_group()
        where.add_argument("--directory", type=Path, help="where the files are written; made if it is not there")
        where.add_argument("--secret", metavar="NAME", help="write them to standard output as a Kubernetes Secret of this name instead")
        enrol.add_argument("--if-missing", action="store_true", help="succeed without a change if the files are there already")
        remove = verbs.add_parser("remove", help="let a gateway come no more")
        remove.add_argument("name")
        listing = verbs.add_parser("list", help="list the gateways and what each has applied")
        listing.add_argument("--json", action="store_true", help="as JSON")

    def handle(self, *_args: Any, verb: str, **options: Any) -> None:
        match verb:
            case "run":
                _run()
            case "restart":
                self._restart()
            case "enrol":
                self._enrol(**{name: options[name] for name in ("name", "directory", "secret", "if_missing")})
            case "remove":
                self._remove(options["name"])
            case "list":
                self._list(as_json=options["json"])

    def _enrol(self, *, name: str, directory: Path | None, secret: str | None, if_missing: bool) -> None:
        if directory and if_missing and all((directory / file).exists() for file in IDENTITY_FILES):
            self.stdout.write(f"{directory} holds an enrolment already.")
            return
        if not (directory or secret):
            raise CommandError("Say where the files go: --directory, or --secret for Kubernetes.")
        if secret and sys.stdout.isatty():
            raise CommandError("What is written holds a private key. Hand it on: … | kubectl apply --filename -")
        try:
            valid_name(name)
            plain_name(name)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        try:
            issued = actions.enrol(name, by=None, now=timezone.now())
        except SealingError as damaged:
            raise CommandError(str(damaged)) from damaged
        if directory is None:
            self.stdout.write(_as_secret(secret or "", issued.files))
            return
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for filename, content in issued.files.items():
            private_files.write(directory / filename, content)
        self.stdout.write(f"{name} may come until {issued.not_after:%Y-%m-%d}. Its files are in {directory}; move them to its machine.")

    def _remove(self, name: str) -> None:
        try:
            actions.remove(Gateway.objects.get(name=name), by=None, now=timezone.now())
        except Gateway.DoesNotExist as error:
            raise CommandError(f"There is no gateway named {name}.") from error
        self.stdout.write(f"{name} may come no more.")

    def _list(self, *, as_json: bool) -> None:
        gateways = [
            {
                "name": gateway.name if as_json else shown(gateway.name),
                "connected": gateway.is_connected,
                "version": gateway.version,
                "appliedChange": gateway.applied_change,
                "refusals": gateway.refusals.count(),
            }
            for gateway in Gateway.objects.with_presence()
        ]
        if as_json:
            self.stdout.write(json.dumps(gateways, indent=2))
            return
        for one in gateways:
            state = "connected" if one["connected"] else "not connected"
            self.stdout.write(
                f"{one['name']}: {state}, Envoy {one['version'] or '?'}, change {one['appliedChange']}, {one['refusals']} refused"
            )

    def _restart(self) -> None:
        # The new Envoy starts with what the settings say now.
        if (process := supervisor.running(settings.PORTAL_HOME)) is None:
            raise CommandError(f"No gateway runs in {settings.PORTAL_HOME}.")
        _write_settings()
        os.kill(process, signal.SIGHUP)
        self.stdout.write("The gateway is restarting; calls go on.")


def _as_secret(name: str, files: dict[str, bytes]) -> str:
    """Return *files* as a Kubernetes Secret."""
    texts = {filename: content.decode("ascii") for filename, content in files.items()}
    return json.dumps({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "type": "Opaque", "stringData": texts})


def _run() -> None:
    """Become the supervisor, which needs nothing of Django, nor of what the environment tells it: strangers talk to Envoy."""
    try:
        binary = envoy.binary()
        if reason := envoy.refusal():
            raise CommandError(reason)
    except ImproperlyConfigured as error:
        raise CommandError(str(error)) from error
    if doubt := envoy.doubt():
        sys.stderr.write(f"{doubt}\n")
    _write_settings()
    options = ["--envoy", binary, "--home", str(settings.PORTAL_HOME), "--concurrency", str(envoy.concurrency())]
    options += ["--restart-seconds", str(settings.GATEWAY_RESTART_SECONDS)]
    if "NOTIFY_SOCKET" in os.environ:
        options += ["--host", settings.GATEWAY_HOST, "--port", str(settings.GATEWAY_PORT)]
    if settings.GATEWAY_DRAIN_SECONDS is not None:
        options += ["--drain-seconds", str(settings.GATEWAY_DRAIN_SECONDS)]
    os.chdir(settings.BASE_DIR)  # modules come from here, and from nowhere that the environment says
    command = [sys.executable, *supervisor.AS_WE_WERE, "-E", "-s", "-m", supervisor.__name__, *options]
    os.execve(sys.executable, command, envoy.environment())  # noqa: S606


def _write_settings() -> None:
    settings.PORTAL_HOME.mkdir(mode=0o700, parents=True, exist_ok=True)
    private_files.write(settings.PORTAL_HOME / supervisor.BOOTSTRAP, as_json(bootstrap(envoy.chosen_bootstrap())).encode())
    private_files.write(settings.PORTAL_HOME / chosen.FILE, envoy.chosen_agent().as_json().encode())
