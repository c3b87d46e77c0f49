"""A publisher at work: a process with one portal's settings that changes its database on command, as the portal's own process does.

A process of its own, because Django serves one database's settings to a process and a benchmark compares several portals.
This is the benchmark's end of it, benchmarks.publishing the other. They exchange lines of JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.plan import Plan
from benchmarks.report import PROJECT
from kit.issuing import Issued


@dataclass(frozen=True, slots=True)
class Change:
    """A committed change.

    :ivar number: of its line in the activity log
    :ivar began: and *committed*, when its transaction began and had ended (CLOCK_MONOTONIC)
    :ivar thumbprint: the new certificate's, in lower case, where there is one
    """

    number: int
    began: float
    committed: float
    thumbprint: str = ""


class Publisher:
    """Tells the publisher's process what to do."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Start the process with a portal's *environment*."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.publisher"],
            cwd=PROJECT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def stop(self) -> None:
        """End the process."""
        self._process.communicate()

    def fill(self, plan: Plan, *, backend_url: str, authority: Issued) -> None:
        """Fill the empty database as *plan* says; all certificates are issued by *authority* from now on."""
        self._ask("fill", plan=asdict(plan), backend_url=backend_url, **_authority(authority))

    def replace_certificate(self, number: int) -> Change:
        """Give a certificate entry a new version, freshly issued."""
        return self._change("replace_certificate", number=number)

    def thumbprint(self, number: int) -> str:
        """Return the thumbprint of a certificate entry's current version, in lower case."""
        found: str = self._ask("thumbprint", number=number)
        return found

    def add_key(self, name: str, key: str) -> Change:
        """Add a subscription to all APIs with this primary key."""
        return self._change("add_key", name=name, key=key)

    def revoke_key(self, name: str) -> Change:
        """Delete the subscription called *name*."""
        return self._change("revoke_key", name=name)

    def add_operation(self, number: int, template: str) -> Change:
        """Let GET calls to *template* of an API through."""
        return self._change("add_operation", number=number, template=template)

    def delete_operation(self, number: int, template: str) -> Change:
        """Let them through no more."""
        return self._change("delete_operation", number=number, template=template)

    def applied(self, change: Change, *, seconds: float) -> float | None:
        """Return when the gateway had applied *change* (CLOCK_MONOTONIC), ``None`` if it has not within *seconds*."""
        moment: float | None = self._ask("applied", number=change.number, seconds=seconds)
        return moment

    def enrol(self, folder: Path) -> None:
        """Let a gateway come that is called as the new *folder*, and put there what it needs for that."""
        self._ask("enrol", folder=str(folder))

    def wanted(self) -> dict[str, dict[str, str]]:
        """Return what a gateway should have by now: by type, the versions of its resources by name."""
        found: dict[str, dict[str, str]] = self._ask("wanted")
        return found

    def state(self) -> dict[str, str]:
        """Return what publishers have last written, by the names that :func:`benchmarks.auditing.state` gives it."""
        found: dict[str, str] = self._ask("state")
        return found

    def faults(self) -> list[str]:
        """Return a sentence for each thing in the database that is half written, or not as the log says."""
        found: list[str] = self._ask("faults")
        return found

    def session(self) -> str:
        """Return the session cookie of an administrator."""
        cookie: str = self._ask("session")
        return cookie

    def queries(self, path: str) -> int:
        """Return how many queries the page at *path* makes."""
        number: int = self._ask("queries", path=path)
        return number

    def _change(self, what: str, **how: Any) -> Change:
        return Change(**self._ask(what, **how))

    def _ask(self, what: str, **how: Any) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"what": what, "how": how}) + "\n")
        self._process.stdin.flush()
        if not (answer := self._process.stdout.readline()):
            raise ChildProcessError(f"The publisher's process has ended while doing {what}; it says why above.")
        return json.loads(answer)


def _authority(authority: Issued) -> dict[str, str]:
    return {"certificate": authority.pem, "key": authority.key_pem}


def main() -> None:
    """Be the publisher's process."""
    import django

    django.setup()
    from benchmarks import publishing  # late: models can be imported only now

    publishing.work()


if __name__ == "__main__":
    main()
