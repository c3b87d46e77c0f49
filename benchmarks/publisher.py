"""A publisher at work: a process with one portal's settings that changes its database on command, as the portal's own process does.

A process of its own, because Django serves one database's settings to a process and a benchmark compares several portals.
``Publisher`` is the benchmark's end of it; ``python -m benchmarks.publisher`` the other. They exchange lines of JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.plan import Plan, api_name, certificate_name
from benchmarks.report import PROJECT
from tests.issuing import Issued


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


class _Work:
    """What the process can do. Django is set up before one is made."""

    def __init__(self) -> None:
        self._authority: Issued | None = None

    def fill(self, plan: dict[str, int], backend_url: str, certificate: str, key: str) -> None:
        from cryptography import x509
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        from django.utils import timezone

        from benchmarks.seed import fill

        private_key = serialization.load_pem_private_key(key.encode(), None)
        assert isinstance(private_key, ec.EllipticCurvePrivateKey)
        self._authority = Issued(certificate=x509.load_pem_x509_certificate(certificate.encode()), key=private_key)
        fill(Plan(**plan), backend_url=backend_url, authority=self._authority, now=timezone.now())

    def replace_certificate(self, number: int) -> dict[str, Any]:
        from django.utils import timezone

        from certificates import actions
        from certificates.models import ClientCertificate
        from tests.issuing import issue

        name = certificate_name(number)
        issued = issue(name, by=self._authority)
        entry = ClientCertificate.objects.get(name=name)
        done = _timed(lambda: actions.replace(entry, issued.as_pfx(), by=None, now=timezone.now()))
        return done | {"thumbprint": issued.thumbprint.lower()}

    def add_key(self, name: str, key: str) -> dict[str, Any]:
        from django.utils import timezone

        from apis import actions
        from apis.models import KeyKind

        keys = {KeyKind.PRIMARY: key}
        return _timed(lambda: actions.create_subscription(name=name, display_name=name, api=None, keys=keys, by=None, now=timezone.now()))

    def revoke_key(self, name: str) -> dict[str, Any]:
        from django.utils import timezone

        from apis import actions
        from apis.models import Subscription

        subscription = Subscription.objects.get(name=name)
        return _timed(lambda: actions.delete_subscription(subscription, by=None, now=timezone.now()))

    def add_operation(self, number: int, template: str) -> dict[str, Any]:
        from django.utils import timezone

        from apis import actions
        from apis.models import Api

        api = Api.objects.get(name=api_name(number))
        name = template.replace("/", "-")
        return _timed(
            lambda: actions.add_operation(
                api, name=name, display_name=name, method="GET", url_template=template, by=None, now=timezone.now()
            )
        )

    def delete_operation(self, number: int, template: str) -> dict[str, Any]:
        from django.utils import timezone

        from apis import actions
        from apis.models import Operation

        operation = Operation.objects.get(api__name=api_name(number), url_template=template)
        return _timed(lambda: actions.delete_operation(operation, by=None, now=timezone.now()))

    def applied(self, number: int, seconds: float) -> float | None:
        from gateway.models import Delivery

        wall_clock_ahead = time.time() - time.monotonic()
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            moment = Delivery.objects.filter(change=number).values_list("applied_at", flat=True).first()
            if moment:
                return moment.timestamp() - wall_clock_ahead
            time.sleep(0.02)
        return None

    def session(self) -> str:
        from django.test import Client

        client = Client()
        client.force_login(_administrator(), backend="django.contrib.auth.backends.ModelBackend")
        return client.cookies["sessionid"].value

    def queries(self, path: str) -> int:
        from django.db import connection
        from django.test import Client
        from django.test.utils import CaptureQueriesContext

        client = Client()
        client.force_login(_administrator(), backend="django.contrib.auth.backends.ModelBackend")
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(path, headers={"host": "127.0.0.1"})
        assert answer.status_code == 200, (path, answer.status_code)
        return len(queries)


def _administrator() -> Any:
    from django.contrib.auth.models import User

    return User.objects.filter(is_superuser=True).order_by("pk").first()


def _timed(change: Callable[[], object]) -> dict[str, Any]:
    """Make *change* and return when it began, when it was committed, and which line of the activity log it is."""
    from portal.activity import last_line

    began = time.monotonic()
    change()
    committed = time.monotonic()
    return {"number": last_line(), "began": began, "committed": committed}


def main() -> None:
    """Do what the lines of the standard input say and answer each with a line."""
    import django

    django.setup()
    work = _Work()
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(getattr(work, asked["what"])(**asked["how"])), flush=True)


if __name__ == "__main__":
    main()
