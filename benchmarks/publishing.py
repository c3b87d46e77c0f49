"""The publisher's own process, see benchmarks.publisher: reads commands from standard input, changes the database, answers."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.contrib.auth.models import User
from django.db import close_old_connections, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apis import actions as api_actions
from apis.models import Api, KeyKind, Operation, Subscription
from benchmarks import auditing, seed
from benchmarks.plan import Plan, api_name, certificate_name, operation_name
from certificates import actions as certificate_actions
from certificates.models import ClientCertificate
from gateway import actions as gateway_actions
from gateway.models import Delivery, Gateway
from kit.issuing import Issued, issue
from portal.activity import last_line

_LOOK_SECONDS = 0.02


def work() -> None:
    """Do what the lines of the standard input say and answer each with a line, until it ends."""
    worker = _Worker()
    for line in sys.stdin:
        asked = json.loads(line)
        close_old_connections()  # as between two requests: the database may have been restarted
        print(json.dumps(getattr(worker, asked["what"])(**asked["how"])), flush=True)


class _Worker:
    """The commands; what they take and return is told at :class:`benchmarks.publisher.Publisher`."""

    def __init__(self) -> None:
        self._authority: Issued | None = None

    def fill(self, plan: dict[str, Any], backend_url: str, certificate: str, key: str) -> None:
        private_key = serialization.load_pem_private_key(key.encode(), None)
        assert isinstance(private_key, ec.EllipticCurvePrivateKey)
        self._authority = Issued(certificate=x509.load_pem_x509_certificate(certificate.encode()), key=private_key)
        seed.fill(Plan(**plan), backend_url=backend_url, authority=self._authority, now=timezone.now())

    def replace_certificate(self, number: int) -> dict[str, Any]:
        name = certificate_name(number)
        issued = issue(name, by=self._authority)
        entry = ClientCertificate.objects.get(name=name)
        done = _timed(lambda: certificate_actions.replace(entry, issued.as_pfx(), by=None, now=timezone.now()))
        return done | {"thumbprint": issued.thumbprint.lower()}

    def thumbprint(self, number: int) -> str:
        current = ClientCertificate.objects.select_related("current").get(name=certificate_name(number)).current
        assert current
        return current.thumbprint.lower()

    def add_key(self, name: str, key: str) -> dict[str, Any]:
        keys = {KeyKind.PRIMARY: key}
        return _timed(
            lambda: api_actions.create_subscription(name=name, display_name=name, api=None, keys=keys, by=None, now=timezone.now())
        )

    def revoke_key(self, name: str) -> dict[str, Any]:
        subscription = Subscription.objects.get(name=name)
        return _timed(lambda: api_actions.delete_subscription(subscription, by=None, now=timezone.now()))

    def add_operation(self, number: int, template: str) -> dict[str, Any]:
        api = Api.objects.get(name=api_name(number))
        names = {"name": operation_name(template), "display_name": template}
        return _timed(lambda: api_actions.add_operation(api, **names, method="GET", url_template=template, by=None, now=timezone.now()))

    def delete_operation(self, number: int, template: str) -> dict[str, Any]:
        operation = Operation.objects.get(api__name=api_name(number), url_template=template)
        return _timed(lambda: api_actions.delete_operation(operation, by=None, now=timezone.now()))

    def applied(self, number: int, seconds: float) -> float | None:
        wall_clock_ahead = time.time() - time.monotonic()
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if moment := _applied_at(number):
                return float(moment.timestamp()) - wall_clock_ahead
            time.sleep(_LOOK_SECONDS)
        return None

    def enrol(self, folder: str) -> None:
        issued = gateway_actions.enrol(Path(folder).name, by=None, now=timezone.now())
        Path(folder).mkdir(mode=0o700)
        for name, content in issued.files.items():
            (Path(folder) / name).write_bytes(content)

    def wanted(self) -> auditing.Versions:
        return auditing.wanted()

    def state(self) -> dict[str, str]:
        return auditing.state()

    def faults(self) -> list[str]:
        return auditing.faults()

    def session(self) -> str:
        return _signed_in().cookies["sessionid"].value

    def queries(self, path: str) -> int:
        client = _signed_in()
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(path, headers={"host": "127.0.0.1"})
        assert answer.status_code == 200, (path, answer.status_code)
        return len(queries)


def _applied_at(change: int) -> datetime | None:
    """Return when the gateway had applied *change*: by itself, or with all that it was given when it came."""
    alone = Delivery.objects.filter(change=change).values_list("applied_at", flat=True).first()
    return alone or Gateway.objects.filter(applied_change__gte=change).values_list("applied_at", flat=True).first()


def _signed_in() -> Client:
    client = Client()
    client.force_login(User.objects.filter(is_superuser=True)[0])
    return client


def _timed(change: Callable[[], object]) -> dict[str, Any]:
    """Make *change* and return when it began, when it was committed, and which line of the activity log it is."""
    began = time.monotonic()
    change()
    committed = time.monotonic()
    return {"number": last_line(), "began": began, "committed": committed}
