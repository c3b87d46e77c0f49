"""`manage.py ready portal|xds|agent|gateway`: whether a process of this home is ready, for scripts and for machines that run it."""

from __future__ import annotations

import http.client
import json
import os
import socket
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.health import Address

_SECONDS = 5.0
_GATEWAY_STATUS = "/status-0123456789abcdef"


class Command(BaseCommand):
    help = "Ask a process that runs here whether it is ready, part by part; the exit code is 0 or 1."
    requires_system_checks = ()  # it asks others

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("process", choices=["portal", "xds", "agent", "gateway"])
        parser.add_argument("--json", action="store_true", help="answer in JSON")

    def handle(self, *_args: Any, process: str, **options: Any) -> None:
        told = _told(process)
        if options["json"]:
            self.stdout.write(json.dumps(told))
        else:
            for part, well in told["parts"].items():
                self.stdout.write(f"{part}: {'ready' if well else told.get('reasons', {}).get(part, 'not ready')}")
        if not told["ready"]:
            raise CommandError(f"{process} is not ready.")


def _told(process: str) -> dict[str, Any]:
    """Return what *process* says; a process that says nothing is not ready."""
    address, path = {
        "portal": ((settings.PORTAL_HOST, settings.PORTAL_PORT), "/readyz"),
        "agent": (settings.GATEWAY_HEALTH_ADDRESS or Path(settings.PORTAL_HOME) / "gateway-health.sock", "/readyz"),
        "xds": (settings.XDS_HEALTH_ADDRESS, "/readyz"),
        "gateway": ((settings.GATEWAY_HOST, settings.GATEWAY_PORT), _GATEWAY_STATUS),
    }[process]
    try:
        status, body = _get(address, path)
        there = status == http.client.OK
        told: dict[str, Any] = json.loads(body) if path == "/readyz" else {"ready": there, "parts": {process: there}}
    except (OSError, http.client.HTTPException, ValueError) as error:
        return {"ready": False, "parts": {process: False}, "reasons": {process: f"It does not answer: {error}."}}
    return told


def _get(address: Address, path: str) -> tuple[int, bytes]:
    asking = http.client.HTTPConnection("localhost", timeout=_SECONDS)
    asking.sock = _connected(address)
    try:
        name = settings.ALLOWED_HOSTS[0].lstrip(".").replace("*", "localhost")  # by its address the portal may not be called
        asking.request("GET", path, headers={"Host": name})
        answer = asking.getresponse()
        return answer.status, answer.read()
    finally:
        asking.close()


def _connected(address: Address) -> socket.socket:
    if not isinstance(address, Path):
        return socket.create_connection(address, _SECONDS)
    connection, before = socket.socket(socket.AF_UNIX), Path.cwd()
    connection.settimeout(_SECONDS)
    try:
        os.chdir(address.parent)  # a socket's path may have no more than 107 bytes
        connection.connect(address.name)
    except OSError:
        connection.close()
        raise
    finally:
        os.chdir(before)
    return connection
