"""Pages that tell what is called and what fails, over two years of figures and 100,000 failed calls. ``python -m benchmarks.seeing``

On a database of its own, SQLite unless ``DATABASE_URL`` says otherwise. Pages are answered in this process, without a server. Each of the
APIs that are called has every row that is kept of it: minutes of a day, hours of a month, days of two years.
"""

from __future__ import annotations

import random
import tempfile
from argparse import Namespace
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from benchmarks.in_process import page, portal, took
from benchmarks.report import Row, options, progress, publish

if TYPE_CHECKING:
    from apis.models import Api
    from certificates.models import ClientCertificate
    from gateway.models import FailedCall

_API, _CERTIFICATE, _CALL = "api-7", "client-7", "7-0000000"
PAGES = {
    "dashboard": "/",
    "APIs, with calls and failures": "/apis/",
    "APIs that fail": "/apis/?standing=failing",
    "one API, 1 hour": f"/apis/{_API}/?span=1h",
    "one API, 24 hours": f"/apis/{_API}/?span=24h",
    "one API, 7 days": f"/apis/{_API}/?span=7d",
    "one API, 30 days": f"/apis/{_API}/?span=30d",
    "one certificate": f"/security/client-certificates/{_CERTIFICATE}/",
    "certificates": "/security/client-certificates/",
    "failures": "/failures/",
    "failures, the last page": "/failures/?page=100000",
    "failures of an hour": "/failures/?span=1h",
    "failures of an API": f"/failures/?api={_API}",
    "failures of a cause": "/failures/?kind=unreachable",
    "failures of an API with a cause": f"/failures/?api={_API}&kind=timed-out",
    "a failure by its activity id": f"/failures/?q={_CALL}",
    "a failure by what is in its path": "/failures/?q=orders/77",
    "a word that no failure has": "/failures/?q=nowhere",
    "search over everything": f"/search/?q={_CALL}",
    "gateways": "/gateways/",
}


def main(arguments: Namespace) -> None:
    """Measure and publish."""
    apis, failures, rounds = (10, 500, 2) if arguments.quick else (arguments.apis, arguments.failures, arguments.rounds)
    with tempfile.TemporaryDirectory(prefix="portal-benchmark-") as home:
        client = portal(home)
        progress(f"Writing two years of figures of {apis:,} APIs and {failures:,} failed calls …")
        filled = took(lambda: _fill(apis, failures))
        progress(f"  {filled / 1000:.0f} s")
        rows: list[Row] = [page(client, title, path, rounds) for title, path in PAGES.items()]
    title = f"Pages, {apis:,} APIs with two years of figures, {failures:,} failed calls"
    publish("seeing", {title: rows}, arguments, remarks=[f"Each page {rounds} times."])


def _fill(number: int, failures: int) -> None:
    from django.utils import timezone

    from apis import actions
    from apis.models import Credentials
    from certificates import actions as certificate_actions
    from kit.issuing import issue

    now = timezone.now()
    bound = []
    for one in range(number):
        certificate = certificate_actions.upload(issue(f"client-{one}").as_pfx(), name=f"client-{one}", by=None, now=now)
        chosen = actions.ApiSettings(display_name=f"API {one}", service_url="https://orders.example.com", path=f"api-{one}")
        api = actions.create_api(f"api-{one}", chosen, by=None, now=now)
        security = actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=certificate)
        actions.create_subscription(name=f"caller-{one}", display_name=f"Caller {one}", api=api, by=None, now=now)
        bound.append((actions.secure_api(api, security, by=None, now=now), certificate))
    _count(bound, now)
    _log([api for api, _ in bound], now)
    _fail([api for api, _ in bound], failures, now)


def _count(bound: list[tuple[Api, ClientCertificate]], now: datetime) -> None:
    from apis.models import KeyKind
    from gateway.counts import ApiCount, KeyCount, TotalCount, VersionCount

    dice = random.Random(1)  # noqa: S311 - the same figures each time
    TotalCount.objects.bulk_create((TotalCount(**row) for row in _spans(dice, now)), batch_size=500)
    for api, certificate in bound:
        ApiCount.objects.bulk_create((ApiCount(api=api, **row) for row in _spans(dice, now)), batch_size=500)
        version = certificate.current
        VersionCount.objects.bulk_create((VersionCount(api=api, version=version, **row) for row in _ends(dice, now)), batch_size=500)
        used = {"subscription": api.subscriptions.get(), "kind": KeyKind.PRIMARY}
        KeyCount.objects.bulk_create((KeyCount(api=api, **used, **row) for row in _ends(dice, now)), batch_size=500)


def _ends(dice: random.Random, now: datetime) -> Iterator[dict[str, Any]]:
    """Yield the same without latencies."""
    for row in _spans(dice, now):
        del row["latencies"]
        yield row


def _spans(dice: random.Random, now: datetime) -> Iterator[dict[str, Any]]:
    """Yield a row for each span that is kept."""
    from gateway.counts import Span

    for span in Span:
        length = timedelta(seconds=span.value)
        for back in range(int(span.kept / length)):
            at = span.begin(now - back * length)
            latencies = {str(2**power): dice.randrange(50) for power in range(10)}
            outcomes = {"ok": dice.randrange(1000), "client_error": dice.randrange(20), "no_answer": dice.randrange(3)}
            yield {"span": span, "at": at, "last_at": at, "latencies": latencies, **outcomes}


def _log(apis: list[Api], now: datetime) -> None:
    """Write 100 changes of each API, those of a month."""
    from portal.activity.writing import line_of, write
    from portal.models import Event

    changes = {"timeout_seconds": [30, 60], "path": ["orders", "orders/v2"]}
    moments = (now - timedelta(days=30) * (1 - one / 100) for one in range(100))
    write(line_of(Event.API_CHANGED, api, by=None, at=at, changes=changes) for at in moments for api in apis)


def _fail(apis: list[Api], number: int, now: datetime) -> None:
    """Write failed calls of the last month."""
    from gateway.models import FailedCall
    from gateway.models import FailureKind as Kind

    dice = random.Random(2)  # noqa: S311 - the same calls each time
    kinds = list(Kind)
    presented = {api.pk: (None, *api.certificate.versions.values_list("pk", flat=True)) for api in apis if api.certificate}

    def calls() -> Iterator[FailedCall]:
        for one in range(number):
            api = dice.choice(apis)
            yield FailedCall(
                activity_id=f"{one % 10}-{one:07}",
                at=now - timedelta(days=30) * (one / number),
                gateway=f"gateway-{one % 3}",
                api=api,
                method="GET",
                path=f"/v1/orders/{one}",
                status=502,
                kind=dice.choice(kinds),
                milliseconds=dice.randrange(1000),
                presented_id=dice.choice(presented[api.pk]),
            )

    FailedCall.objects.bulk_create(calls(), batch_size=500)


if __name__ == "__main__":
    parser = options("Measure the pages about calls and failures.")
    parser.add_argument("--apis", type=int, default=100, help="how many are called (100)")
    parser.add_argument("--failures", type=int, default=100_000, help="how many failed calls (100,000)")
    parser.add_argument("--rounds", type=int, default=40, help="how often each page is asked for (40)")
    main(parser.parse_args())
