"""What each policy statement adds to a call: pairs of the same API without and with it, in turns. ``python -m benchmarks.policies``

Our gateway has a core to itself, wrk and the back end (nginx, plain HTTP) share the other one. What counts is the gateway's processor
time for a call, with the statement and without it, one right after the other: throughput alone would tell of wrk and the back end, too.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import servers
from benchmarks.callers import Request
from benchmarks.load import CONNECTIONS, put_load
from benchmarks.report import Row, Spread, options, progress, publish
from kit.ports import free_port

if TYPE_CHECKING:
    from apis.policy.model import Policy
    from tests.gateway.gateways import Gateway

_GATEWAY_CORE, _OTHER_CORE = 0, 1
_BACK_END = """
daemon off; worker_processes 1; pid {folder}/back.pid; error_log {folder}/back.log;
events {{ worker_connections 4096; }}
http {{ access_log off; server {{ listen 127.0.0.1:{port}; keepalive_requests 100000000; location / {{ return 200 "ok"; }} }} }}
"""
_ALL_NETWORKS = (
    "".join(f"<address>10.{high}.{low}.0/24</address>" for high in range(2) for low in range(249)) + "<address>127.0.0.1</address>"
)
_INBOUND = {  # what is written in <inbound>, by what the table calls it
    "set-header": '<set-header name="X-A"><value>1</value></set-header>',
    "set-header, ten": "".join(f'<set-header name="X-{one}"><value>1</value></set-header>' for one in range(10)),
    "set-query-parameter": '<set-query-parameter name="a"><value>1</value></set-query-parameter>',
    "rewrite-uri": '<rewrite-uri template="/v2" />',
    "check-header": '<check-header name="Host" failed-check-httpcode="401" failed-check-error-message="No" ignore-case="true" />',
    "ip-filter": '<ip-filter action="allow"><address>127.0.0.1</address></ip-filter>',
    "ip-filter, 499 networks": f'<ip-filter action="allow">{_ALL_NETWORKS}</ip-filter>',
    "return-response": "<return-response><set-body>ok</set-body></return-response>",
}
_OUTBOUND = {"set-header, of answers": '<set-header name="X-A"><value>1</value></set-header>'}


@dataclass(slots=True)
class _Statement:
    """A statement, the API that has it, and the microseconds of a call, pair by pair."""

    title: str
    policy: Policy
    without: list[float] = field(default_factory=list)
    having: list[float] = field(default_factory=list)
    failed: int = 0

    def row(self) -> Row:
        """Return what has been found."""
        pairs = list(zip(self.without, self.having, strict=True))
        return {
            "": self.title,
            "µs a call": Spread.of(self.having),
            "without it": Spread.of(self.without),
            "it adds": Spread.of([one - other for other, one in pairs]),
            "times": Spread.of([one / other for other, one in pairs]),
            "failed": self.failed,
        }


def main(arguments: Namespace) -> None:
    """Measure and publish."""
    rounds, seconds = (2, 1.0) if arguments.quick else (7, 3.0)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    with ExitStack() as stack:
        gateway, port = _gateway(stack), _back_end(stack)
        plain, statements = _published(gateway, port)
        for number in range(rounds):
            progress(f"Round {number + 1} of {rounds} …")
            for one in statements:
                _measure(gateway, plain, one, seconds, first=number % 2 == 0)
        rows = [one.row() for one in statements]
    remarks = [
        f"Processor time of the gateway for a call, by wrk over {CONNECTIONS} kept connections: {rounds} pairs of {seconds:.0f} s each.",
        "One route without a key check. nothing: two APIs that are alike, so that the difference is the noise.",
        "return-response calls no back end. authentication-certificate is what benchmarks.throughput measures.",
    ]
    publish("policies", {"What a statement adds to a call": rows}, arguments, remarks=remarks)


def _measure(gateway: Gateway, plain: Policy, one: _Statement, seconds: float, *, first: bool) -> None:
    """Do one pair, the API without the statement *first* or last."""
    sides = [(plain, one.without), (one.policy, one.having)]
    for policy, found in sides if first else reversed(sides):
        server = servers.Server(gateway.process, Path(os.devnull))
        before = server.cpu_seconds()
        load = put_load(f"http://{servers.HOST}:{gateway.port}", Request(f"/{policy.path}/a"), seconds=seconds, core=_OTHER_CORE)
        found.append((server.cpu_seconds() - before) / load.calls * 1e6)
        one.failed += load.failed


def _published(gateway: Gateway, port: int) -> tuple[Policy, list[_Statement]]:
    """Publish an API for each statement, and one without any."""
    from tests.gateway.gateways import open_to_all, policy

    def published(number: int, change: Callable[[Policy], Policy]) -> Policy:
        one = change(open_to_all(policy(number, f"statement-{number}", port=port, host=servers.HOST, scheme="http", presents=False)))
        if refused := gateway.publish(one):
            raise SystemExit(f"The gateway refuses its configuration: {refused}")
        return one

    changes = dict(_changes())
    plain = published(1, lambda one: one)
    return plain, [_Statement(title, published(number, change)) for number, (title, change) in enumerate(changes.items(), start=2)]


def _changes() -> Iterator[tuple[str, Callable[[Policy], Policy]]]:
    """Yield what each statement does to an API's policy."""
    from apis.policy.model import AuthenticationBasic, Cors, Forwarding, Preflights
    from certificates.sealing import Secret

    yield "nothing", lambda one: one
    for title, inbound in _INBOUND.items():
        yield title, _with(inbound=inbound)
    for title, outbound in _OUTBOUND.items():
        yield title, _with(outbound=outbound)
    cors = Cors(origins=("https://shop.example.com",))
    yield "cors", lambda one: replace(one, inbound=(cors,), forwarding=Forwarding(preflights=Preflights.GATEWAY))
    yield "forward-request", lambda one: replace(one, forwarding=Forwarding(idle_seconds=90))
    basic = AuthenticationBasic(username="shop", password=Secret(b"open sesame"))
    yield "authentication-basic", lambda one: replace(one, inbound=(basic,))


def _with(*, inbound: str = "", outbound: str = "") -> Callable[[Policy], Policy]:
    from apis.policy import Scope, read_document
    from apis.policy.scopes import effective

    xml = f"<policies><inbound>{inbound}</inbound><outbound>{outbound}</outbound></policies>"
    written = effective(read_document(xml, Scope.API).sections, {})
    return lambda one: replace(one, effective=written)


def _gateway(stack: ExitStack) -> Gateway:
    """Start our gateway alone, on a core of its own."""
    from tests.gateway.gateways import Gateway

    gateway = Gateway(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="policies-"))))
    stack.callback(gateway.stop)
    subprocess.run(
        ["taskset", "--all-tasks", "--cpu-list", "--pid", str(_GATEWAY_CORE), str(gateway.process.pid)], check=True, capture_output=True
    )
    return gateway


def _back_end(stack: ExitStack) -> int:
    """Start nginx, which answers in two bytes; return its port."""
    if (nginx := servers.program("nginx")) is None:
        raise SystemExit("nginx is not installed; on Debian: apt-get install nginx")
    folder = stack.enter_context(servers.workplace())
    file, port = folder / "back.conf", free_port()
    file.write_text(_BACK_END.format(folder=folder, port=port))
    running = servers.start([nginx, "-c", file], log=file.with_suffix(".out"), ports=[port], core=_OTHER_CORE)
    stack.callback(running.stop)
    return port


if __name__ == "__main__":
    main(options("Measure what each policy statement adds to a call.").parse_args())
