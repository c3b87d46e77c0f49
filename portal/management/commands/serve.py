"""`manage.py serve`: set up what is missing, then run portal, xDS server and gateway, and say where they are."""

from __future__ import annotations

import io
import os
import socket
import ssl
import sys
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS

from portal import installation
from portal.administrators import administrators_with_password
from portal.environment import read
from portal.locations import url_of
from portal.serving import serve

_READY_WITHIN_SECONDS = 120
# Of our own portal, whose certificate need not be for the address that it is asked at.
_UNCHECKED = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_UNCHECKED.check_hostname = False
_UNCHECKED.verify_mode = ssl.CERT_NONE
_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=_UNCHECKED))
_GATEWAY_STATUS = "/status-0123456789abcdef"


class Command(BaseCommand):
    help = "Set up what is missing, then run the portal, the xDS server and the gateway until Ctrl-C."
    requires_system_checks: list[str] = []  # noqa: RUF012 - Django declares it so; the checks need what `setup` makes

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--demo", action="store_true", help="also run a back end that accepts mutual TLS only, with an API to call it")
        parser.add_argument("--end-with-starter", action="store_true", help="end, too, when the process that has started this one ends")

    def handle(self, *_args: Any, demo: bool, end_with_starter: bool, **_options: Any) -> None:
        starter = os.getppid() if end_with_starter else None  # before anything else: it may end while we set up
        call_command("setup", stdout=self.stdout)
        self.check(databases=[DEFAULT_DB_ALIAS])  # one clear refusal, before three processes repeat it
        lines = self._administrator(show_password=demo or sys.stdout.isatty())  # else it may be a log that is kept
        if demo:
            lines += call_command("demo", "prepare", stdout=io.StringIO()).splitlines()
        for name in ("PORTAL_ADMIN_PASSWORD", "PORTAL_ADMIN_PASSWORD_FILE"):
            os.environ.pop(name, None)  # used; what is started below has no need of it
        names = ["portal", "xds", "gateway", *(["demo"] if demo else [])]
        _refuse_taken_addresses(demo=demo)
        self.stdout.flush()
        if code := serve(names, starter=starter, announce=lambda: _announcement(lines)):
            raise CommandError("One of the processes could not start, so all were ended; it says why above.", returncode=code)

    def _administrator(self, *, show_password: bool) -> list[str]:
        """Return the lines that tell how to sign in."""
        if not administrators_with_password().exists():
            return ["User name     nobody administers the portal with a password; the lines above say what to do"]
        generated = installation.generated_administrator()
        if generated is None:
            given = read("PORTAL_ADMIN_USER") or installation.DEFAULT_ADMINISTRATOR
            return [f"User name     {given}", "Password      the one that was set"]
        name, password = generated
        kept = installation.administrator_password_file()
        return [f"User name     {name}", f"Password      {password}" if show_password else f"Password      in {kept}"]


def _announcement(lines: list[str]) -> str:
    """Wait until both answer; return where they are and *lines*."""
    portal = url_of(settings.PORTAL_HOST, settings.PORTAL_PORT, scheme="https" if settings.PORTAL_TLS_CERTIFICATE else "http")
    gateway = url_of(settings.GATEWAY_HOST, settings.GATEWAY_PORT)
    started = time.monotonic()
    waiting = [f"{portal}/healthz", f"{gateway}{_GATEWAY_STATUS}"]
    while waiting and time.monotonic() < started + _READY_WITHIN_SECONDS:
        waiting = [url for url in waiting if not _answers(url)]
        time.sleep(0.1)
    if waiting:
        return f"No answer yet from {' and '.join(waiting)}; the lines above may say why.\n"
    rule = "─" * 100
    places = [f"Portal        {portal}/", f"Gateway       {gateway}/", *_by_tls()]
    return "\n".join(["", rule, *places, *lines, "Ctrl-C ends it all.", rule, ""])


def _by_tls() -> list[str]:
    """Return where the gateway ends TLS, if it does."""
    if not settings.GATEWAY_TLS_ADDRESS:
        return []
    address = url_of(*settings.GATEWAY_TLS_ADDRESS, scheme="https")
    return [f"By HTTPS      {address}/ (once there is a server certificate: Security → Server certificates)"]


def _refuse_taken_addresses(*, demo: bool) -> None:
    """Say which address is taken before anything is started.

    :raises CommandError: if one is
    """
    wanted = {
        "PORTAL_ADDRESS": (settings.PORTAL_HOST, settings.PORTAL_PORT),
        "GATEWAY_ADDRESS": (settings.GATEWAY_HOST, settings.GATEWAY_PORT),
    }
    if settings.GATEWAY_TLS_ADDRESS:
        wanted["GATEWAY_TLS_ADDRESS"] = settings.GATEWAY_TLS_ADDRESS
    if demo:
        wanted["DEMO_BACKEND_ADDRESS"] = (settings.DEMO_BACKEND_HOST, settings.DEMO_BACKEND_PORT)
    for name, (host, port) in wanted.items():
        try:
            socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
        except OSError as error:
            raise CommandError(f"{host}:{port} cannot be listened on: {error.strerror}. Choose another {name}.") from error


def _answers(url: str) -> bool:
    """Tell whether it is there; asked under a name that the portal goes by, for by its address it may not be called."""
    name = settings.ALLOWED_HOSTS[0].lstrip(".").replace("*", "localhost")
    try:
        with _NO_PROXY.open(urllib.request.Request(url, headers={"Host": name}), timeout=2) as response:  # noqa: S310 - our own address
            return bool(response.status == 200)  # noqa: PLR2004 - OK
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
