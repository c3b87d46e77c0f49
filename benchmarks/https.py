"""TLS ended at the listener: calls a second on kept connections, and with a handshake for each. ``python -m benchmarks.https``

Our gateway, nginx and HAProxy lead to the same nginx by plain HTTP, each with a core to itself, one certificate (P-256) and no key
check. They take turns, round by round.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import servers
from benchmarks.callers import Request
from benchmarks.load import CONNECTIONS, Load, put_load
from benchmarks.report import Row, Spread, options, progress, publish
from kit.issuing import Issued, issue
from kit.ports import free_port

_FRONT_CORE, _OTHER_CORE = 0, 1
_HANDSHAKES_AT_ONCE = 16
_NAME = "api.example.com"
_BACK_END = """
daemon off; worker_processes 1; pid {folder}/back.pid; error_log {folder}/back.log;
events {{ worker_connections 4096; }}
http {{ access_log off; server {{ listen 127.0.0.1:{port}; keepalive_requests 100000000; location / {{ return 200 "ok"; }} }} }}
"""
_NGINX = """
daemon off; worker_processes 1; pid {folder}/front.pid; error_log {folder}/front.log;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  upstream back {{ server 127.0.0.1:{back}; keepalive 128; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port} ssl; keepalive_requests 100000000; ssl_certificate {pem}; ssl_certificate_key {pem};
    ssl_protocols TLSv1.2 TLSv1.3;
    location / {{ proxy_pass http://back; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }}
}}
"""
_HAPROXY = """
global
  nbthread 1
  maxconn 8192
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend front
  bind 127.0.0.1:{port} ssl crt {pem} alpn http/1.1
  default_backend back
backend back
  http-reuse always
  server one 127.0.0.1:{back}
"""


@dataclass(slots=True)
class _Front:
    """One that ends TLS, and what came of it."""

    title: str
    port: int
    kept: list[Load] = field(default_factory=list)
    handshakes: list[float] = field(default_factory=list)

    def row(self) -> Row:
        """Return what has been found."""
        return {
            "": self.title,
            "calls/s": Spread.of([one.per_second for one in self.kept]),
            "p99 ms": Spread.of([one.p99_ms for one in self.kept]).median,
            "handshakes/s": Spread.of(self.handshakes),
            "failed": sum(one.failed for one in self.kept),
        }


def main(arguments: Namespace) -> None:
    """Measure and publish."""
    rounds, seconds = (2, 1.0) if arguments.quick else (5, 4.0)
    with ExitStack() as stack:
        folder = stack.enter_context(servers.workplace())
        fronts = list(_fronts(stack, folder))
        for number in range(rounds):
            progress(f"Round {number + 1} of {rounds} …")
            for front in fronts:
                url = f"https://{servers.HOST}:{front.port}"
                front.kept.append(put_load(url, Request("/orders/1"), seconds=seconds, core=_OTHER_CORE))
                front.handshakes.append(_handshakes(url, seconds))
    kept = f"Calls by wrk, {rounds} rounds taking turns, {seconds:.0f} s each: with {CONNECTIONS} connections that are kept,"
    remarks = [f"{kept} and with {_HANDSHAKES_AT_ONCE} at once that each make one call."]
    publish("https", {"TLS ended at the listener": [front.row() for front in fronts]}, arguments, remarks=remarks)


def _fronts(stack: ExitStack, folder: Path) -> Iterator[_Front]:
    certificate = issue(_NAME, by=issue("authority", authority=True), hosts=(_NAME, servers.HOST))
    pem = folder / "front.pem"
    pem.write_text(certificate.pem + certificate.key_pem)
    back = free_port()
    _serve(stack, ["nginx", "-c"], folder / "back.conf", _BACK_END.format(folder=folder, port=back), back, core=_OTHER_CORE)
    yield _Front("ours", _our_gateway(stack, certificate, back))
    for title, command, text in (("nginx", ["nginx", "-c"], _NGINX), ("HAProxy", ["haproxy", "-f"], _HAPROXY)):
        if servers.program(command[0]):
            port = free_port()
            _serve(
                stack,
                command,
                folder / f"{command[0]}.conf",
                text.format(folder=folder, port=port, back=back, pem=pem),
                port,
                core=_FRONT_CORE,
            )
            yield _Front(title, port)


def _serve(stack: ExitStack, command: list[str], file: Path, text: str, port: int, *, core: int) -> None:
    file.write_text(text)
    program = servers.program(command[0])
    if program is None:
        raise SystemExit(f"{command[0]} is not installed; on Debian: apt-get install {command[0]}")
    running = servers.start([program, *command[1:], file], log=file.with_suffix(".out"), ports=[port], core=core)
    stack.callback(running.stop)


def _our_gateway(stack: ExitStack, certificate: Issued, back: int) -> int:
    """Start our gateway alone, with an API that is open to all; return where it ends TLS."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    from gateway.compile import Served
    from tests.gateway.gateways import Gateway, open_to_all, policy

    gateway = Gateway(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="https-"))))
    stack.callback(gateway.stop)
    os.sched_setaffinity(gateway.process.pid, {_FRONT_CORE})
    for thread in Path(f"/proc/{gateway.process.pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), {_FRONT_CORE})
    gateway.serve_https((certificate, Served(certificate_id=1, hosts=(_NAME,), rest=True)))
    refused = gateway.publish(open_to_all(policy(1, "orders", port=back, scheme="http", presents=False)))
    if refused:
        raise SystemExit(f"The gateway refuses its configuration: {refused}")
    return gateway.https_port


def _handshakes(url: str, seconds: float) -> float:
    """Return how many calls a second there are when each has a connection of its own."""
    wrk = servers.program("wrk")
    if wrk is None:
        raise SystemExit("wrk is not installed; on Debian: apt-get install wrk")
    command = [
        "taskset",
        "--cpu-list",
        str(_OTHER_CORE),
        wrk,
        "-t1",
        f"-c{_HANDSHAKES_AT_ONCE}",
        f"-d{seconds:.0f}s",
        "-H",
        "Connection: close",
    ]
    began = time.monotonic()
    done = subprocess.run([*command, f"{url}/orders/1"], capture_output=True, text=True, check=True)
    answered = next(line for line in done.stdout.splitlines() if "requests in" in line).split()[0]
    return int(answered) / (time.monotonic() - began)


if __name__ == "__main__":
    main(options("Measure TLS ended at the listener, ours beside nginx and HAProxy.").parse_args())
