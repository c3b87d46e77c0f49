"""Pages of a large portal: 10,000 certificates, 5,000 APIs with 10 operations each, 5,000 subscriptions. ``python -m benchmarks.pages``

One signed-in person asks the real server, over one kept connection, for one page after the other, in turns. Whole pages, as without
htmx; what a page asks of the database is counted in a process of its own.
"""

from __future__ import annotations

import http.client
import time
from argparse import Namespace
from dataclasses import dataclass, field
from http import HTTPStatus

from benchmarks import servers
from benchmarks.backends import start_backend
from benchmarks.plan import Plan, api_name, certificate_name, subscription_name
from benchmarks.report import Row, options, percentile, progress, publish
from benchmarks.stack import Stack
from kit.issuing import issue

_CERTIFICATES = "/security/client-certificates/"
PAGES = {
    "dashboard": "/",
    "certificates": _CERTIFICATES,
    "certificates, last page": f"{_CERTIFICATES}?page=100000",
    "certificates by expiry": f"{_CERTIFICATES}?sort=expires",
    "certificates, search": f"{_CERTIFICATES}?q=client-777",
    "one certificate": f"{_CERTIFICATES}{certificate_name(7)}/",
    "APIs": "/apis/",
    "APIs, last page": "/apis/?page=100000",
    "APIs, search": "/apis/?q=api-777",
    "one API": f"/apis/{api_name(7)}/",
    "API security": f"/apis/{api_name(7)}/security/",
    "API operations": f"/apis/{api_name(7)}/operations/",
    "API policy": f"/apis/{api_name(7)}/policy/",
    "subscriptions": "/subscriptions/",
    "one subscription": f"/subscriptions/{subscription_name(7)}/",
    "gateways": "/gateways/",
    "activity": "/activity/",
}


@dataclass(slots=True)
class Page:
    """One page and how long it took each time, in milliseconds."""

    title: str
    path: str
    size: int = 0
    took: list[float] = field(default_factory=list)

    def ask(self, connection: http.client.HTTPConnection, cookie: str) -> None:
        """Ask for it once."""
        began = time.monotonic()
        connection.request("GET", self.path, headers={"Cookie": f"sessionid={cookie}"})
        answer = connection.getresponse()
        self.size = len(answer.read())
        self.took.append((time.monotonic() - began) * 1000)
        assert answer.status == HTTPStatus.OK, (self.path, answer.status)

    def row(self, queries: int) -> Row:
        """Return what has been found."""
        return {
            "": self.title,
            "p50 ms": percentile(self.took, 0.5),
            "p95 ms": percentile(self.took, 0.95),
            "max ms": max(self.took),
            "queries": queries,
            "kB": self.size / 1000,
        }


def main(arguments: Namespace) -> None:
    """Measure and publish."""
    plan = Plan(apis=20, certificates=50, keys=40) if arguments.quick else Plan(apis=5000, certificates=10_000, keys=10_000)
    rounds = 3 if arguments.quick else arguments.rounds
    pages = [Page(title, path) for title, path in PAGES.items()]
    with servers.workplace() as folder:
        (folder / "backend").mkdir()
        backend = start_backend(folder / "backend", issue("authority", authority=True), http2=True)
        try:
            with Stack(home=folder / "ours", backend=backend, plan=plan) as ours:
                ours.start_portal()
                connection = http.client.HTTPConnection(servers.HOST, ours.portal_port, timeout=60)
                cookie = ours.publisher.session()
                for page in pages:
                    page.ask(connection, cookie)  # both workers compile a page's template when it is first asked for
                    page.ask(connection, cookie)
                    page.took.clear()
                progress(f"Asking for {len(pages)} pages {rounds} times …")
                for _ in range(rounds):
                    for page in pages:
                        page.ask(connection, cookie)
                rows = [page.row(ours.publisher.queries(page.path)) for page in pages]
        finally:
            backend.stop()
    size = f"{plan.certificates:,} certificates, {plan.apis:,} APIs, {plan.keys:,} keys"
    publish("pages", {size: rows}, arguments, remarks=[f"Each page {rounds} times. Queries include session and user."])


if __name__ == "__main__":
    parser = options("Measure the pages of a large portal.")
    parser.add_argument("--rounds", type=int, default=100, help="how often each page is asked for (100)")
    main(parser.parse_args())
