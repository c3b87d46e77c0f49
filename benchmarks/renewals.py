"""Calls while entries renew themselves every few seconds: from a watched folder, and by ACME. ``python -m benchmarks.renewals``

Portal, xDS process and gateway run as people run them; the authority is acme2certifier. Each renewal goes the whole way: found or ordered,
tried at the back end, switched to. What comes by ACME is made due again and again; else it would be every two thirds of its life.
It ends with status 1 if a call was lost.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import threading
import time
import urllib.request
from argparse import Namespace
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import servers
from benchmarks.backends import Backend, start_backend
from benchmarks.numbered import Outcome, make_calls
from benchmarks.plan import Plan, api_name, certificate_name, key_of
from benchmarks.report import Row, options, progress, publish
from benchmarks.stack import Stack
from kit.acme import AcmeAuthority
from kit.issuing import issue
from kit.ports import free_port

_PLAN = Plan(apis=2, certificates=2, keys=2, operations=1, method="*")
_WATCHED, _ORDERED = 0, 1  # the numbers of the entries
_CALLERS, _CALLS, _QUICK_CALLS = 50, 100_000, 2_000
_EVERY_SECONDS = 1.0
_AT_A_TIME = 10_000
_RENEWED_WITHIN_SECONDS = 240.0
_RENEWALS = 10  # of each entry, at least
_PERSON = "publisher"
_SERVICE = "/management/subscriptions/0/resourceGroups/0/providers/Microsoft.ApiManagement/service/portal"


@dataclass(slots=True)
class Portal:
    """What is asked of the portal while calls are made, by its management API."""

    stack: Stack
    token: str

    def ask(self, method: str, path: str, properties: dict[str, Any] | None = None) -> Any:
        """Return what the portal answers.

        :raises urllib.error.HTTPError: if it refuses
        """
        address = f"http://{servers.HOST}:{self.stack.portal_port}{_SERVICE}/{path}?api-version=2024-05-01"
        body = json.dumps({"properties": properties}).encode() if properties is not None else None
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        with urllib.request.urlopen(urllib.request.Request(address, body, headers, method=method), timeout=120) as answer:
            return json.load(answer)

    def versions(self, entry: int) -> int:
        """Return how many versions an entry has."""
        return int(self.ask("GET", f"certificates/{certificate_name(entry)}/versions")["count"])


def main(arguments: Namespace) -> int:
    """Measure, print, and return the exit status."""
    calls, least = (_QUICK_CALLS, 1) if arguments.quick else (_CALLS, _RENEWALS)
    with ExitStack() as stack:
        folder = stack.enter_context(servers.workplace())
        row = _measured(stack, folder, calls=calls, least=least)
    remarks = [
        f"{_CALLERS} callers without pauses, half of their calls with a body; the next version as soon as the last one is switched to.",
        "Each renewal is found or ordered, tried at the back end and switched to by the product itself.",
    ]
    publish("renewals", {"Calls while entries renew themselves": [row]}, arguments, remarks=remarks)
    return 0 if row["failed"] == 0 and all(row[column] for column in row if column.startswith("renewals")) else 1


def _measured(stack: ExitStack, folder: Path, *, calls: int, least: int) -> Row:
    watched, backend = folder / "watched", _backend(stack, folder)
    watched.mkdir()
    portal, authority = _portal(stack, folder, backend)
    renew = _renewing_from(watched / "client.pem", backend)
    renew()
    place = {"kind": "watched", "path": str(watched / "client.pem")}
    order = {"kind": "acme", "directory": authority.directory, "names": [servers.HOST], "email": "ops@example.com", "key": "ec-p256"}
    for entry, source in ((_WATCHED, place), (_ORDERED, order)):
        progress(f"{certificate_name(entry)} renews itself: {source['kind']} …")
        portal.ask("PUT", f"certificates/{certificate_name(entry)}/source", source)
    before = [portal.versions(entry) for entry in (_WATCHED, _ORDERED)]

    def renewed() -> list[int]:
        return [portal.versions(entry) - known for entry, known in zip((_WATCHED, _ORDERED), before, strict=True)]

    def renew_again(so_often: list[int]) -> None:
        if so_often[_WATCHED] >= len(written):  # the last one was switched to
            written.append(renew())
        _make_due(portal.stack.home)

    written: list[None] = []
    began = time.monotonic()
    outcome = _called(portal.stack.port, calls, least, renewed, renew_again)
    seconds = time.monotonic() - began
    found, ordered = renewed()
    return {
        "": "both at once",
        "renewals from a watched folder": found,
        "renewals by ACME": ordered,
        "calls": outcome.calls,
        "failed": outcome.lost,
        "seconds": seconds,
        "words": "; ".join(outcome.words) or None,
    }


def _called(port: int, calls: int, least: int, renewed: Callable[[], list[int]], renew: Callable[[list[int]], None]) -> Outcome:
    """Make the calls, and have everything renewed again and again; go on until each entry has been renewed so often at *least*."""
    outcomes: list[Outcome] = []
    enough = threading.Event()
    caller = threading.Thread(target=_call, args=(port, calls, outcomes, enough))
    caller.start()
    until = time.monotonic() + _RENEWED_WITHIN_SECONDS
    while caller.is_alive():
        renew(so_often := renewed())
        if min(so_often) >= least or time.monotonic() > until:
            enough.set()
        caller.join(_EVERY_SECONDS)
    words = sum((one.words for one in outcomes), Counter[str]())
    return Outcome(sum(one.calls for one in outcomes), sum(one.lost for one in outcomes), words=words)


def _call(port: int, calls: int, outcomes: list[Outcome], enough: threading.Event) -> None:
    """Make that many calls, and more until it is *enough*."""
    targets = [f"/{api_name(entry)}/orders/1" for entry in (_WATCHED, _ORDERED)]
    while calls > sum(one.calls for one in outcomes) or not enough.is_set():
        outcomes.append(make_calls(port, targets, callers=_CALLERS, calls=min(calls, _AT_A_TIME), key=key_of(0)))


def _backend(stack: ExitStack, folder: Path) -> Backend:
    (folder / "backend").mkdir()
    backend = start_backend(folder / "backend", issue("Benchmark authority", authority=True), http2=True)
    stack.callback(backend.stop)
    return backend


def _portal(stack: ExitStack, folder: Path, backend: Backend) -> tuple[Portal, AcmeAuthority]:
    (folder / "acme").mkdir()
    port, portal_port = free_port(), free_port()
    authority = AcmeAuthority(folder / "acme", backend.authority, port=port, names_port=portal_port)
    further = {
        "PORTAL_WATCHED_FOLDERS": str(folder / "watched"),
        "PORTAL_ACME_DIRECTORIES": authority.directory,
        "PORTAL_ALLOWED_HOSTS": servers.HOST,
        "PORTAL_ADMIN_USER": _PERSON,
        "PORTAL_ADMIN_PASSWORD": os.urandom(16).hex(),
    }
    started = Stack(home=folder / "home", backend=backend, plan=_PLAN, further=further, portal_port=portal_port)
    stack.enter_context(started)
    started.start_portal()
    token = json.loads(started.manage("token", "create", "--user", _PERSON, "--json"))["token"]
    return Portal(started, token), stack.enter_context(authority)


def _renewing_from(file: Path, backend: Backend) -> Callable[[], None]:
    """Return what puts a new certificate with its key at *file*, whole or not at all."""

    def renew() -> None:
        issued, written = backend.client(certificate_name(_WATCHED)), file.with_suffix(".new")
        written.write_text(issued.pem + issued.key_pem)
        written.replace(file)

    return renew


def _make_due(home: Path) -> None:
    """Let what was ordered be due for renewal, as if two thirds of its life were over."""
    with closing(sqlite3.connect(home / "portal.sqlite3", timeout=30)) as database, database:
        database.execute("UPDATE sources_source SET due_at = datetime('now', '-1 second') WHERE kind = 'acme'")


if __name__ == "__main__":
    sys.exit(main(options(__doc__.splitlines()[0]).parse_args()))
