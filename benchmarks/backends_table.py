"""What calls to real back ends come to: lost, sent twice, in which words. ``python -m benchmarks.backends_table``

Each back end of ``benchmarks/setups.py`` is started as people run it, the gateway's own configuration is compiled for it, and many callers
call it over kept connections, half of the calls with a body. Each call has a number that the back end writes down: what is lost and
what arrives twice is counted, not guessed. It ends with status 1 if anything is not as it shall be.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import socket
import ssl
import sys
import time
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
from cryptography.hazmat.primitives.asymmetric import rsa

import tests.environment  # noqa: F401 - settings of its own, before Django reads them
from benchmarks import servers
from benchmarks.backends import Backend
from benchmarks.numbered import SILENT_SECONDS, Outcome, make_calls, sent_twice
from benchmarks.report import Row, options, progress, publish
from benchmarks.setups import SETUPS, Setup
from kit.issuing import Issued, issue
from kit.ports import free_ports

if TYPE_CHECKING:
    from tests.gateway.gateways import Gateway


def is_as_it_shall_be(outcome: Outcome, setup: Setup) -> bool:
    """Return whether no call was lost or sent twice; or each failed as it must."""
    if setup.fails:
        return outcome.kinds == {setup.fails.value} and outcome.lost == outcome.calls
    return (setup.breaks or not outcome.lost) and not outcome.twice


def main(arguments: Namespace) -> int:
    """Measure, print, and return the exit status."""
    from tests.gateway.gateways import Gateway  # which reads the settings

    authority = issue("Benchmark authority", authority=True)
    rows: list[Row] = []
    remarks = []
    good = True
    with servers.workplace() as home:
        gateway = Gateway(home)
        try:
            for number, setup in enumerate(_chosen(arguments), 1):
                progress(f"{number}: {setup.name}")
                try:
                    outcome = _measure(setup, number, gateway, authority, quick=arguments.quick)
                except (FileNotFoundError, servers.NotStarted) as reason:
                    remarks.append(f"{setup.name}: not measured, it needs {setup.package} ({str(reason).splitlines()[-1]})")
                    continue
                good = good and is_as_it_shall_be(outcome, setup)
                rows.append(_row(setup, outcome))
        finally:
            gateway.stop()
    publish("back ends", {"Calls to real back ends": rows}, arguments, remarks=remarks)
    return 0 if good else 1


def _chosen(arguments: Namespace) -> list[Setup]:
    return [setup for setup in SETUPS if arguments.only.lower() in setup.name.lower()]


def _row(setup: Setup, outcome: Outcome) -> Row:
    told = [f"asks later: {'yes' if setup.asks_later else 'no'}"] if setup.asks_later else []
    told += ["older servers"] if setup.older_servers else []
    return {
        "back end": setup.name,
        "setting": ", ".join([setup.protocol.value, *told]),
        "callers": setup.callers,
        "calls": outcome.calls,
        "lost": outcome.lost,
        "of them GET": outcome.lost_safe,
        "sent twice": outcome.twice,
        "as it shall be": "yes" if is_as_it_shall_be(outcome, setup) else "NO",
        "words": "; ".join(outcome.words) or None,
    }


def _measure(setup: Setup, number: int, gateway: Gateway, authority: Issued, *, quick: bool) -> Outcome:
    with servers.workplace() as folder, running(setup, folder, authority) as backend:
        path = _publish(setup, number, gateway, authority, backend.port)
        _warm_up(gateway, path + setup.paths[0])
        calls = max(setup.callers, setup.calls // 10) if quick else setup.calls
        outcome = _calls(setup, gateway.port, path, calls)
        time.sleep(0.2)  # for the last lines of logs
        outcome.twice = sent_twice(folder / "calls.log", folder / "printed.log")
    return outcome


def _warm_up(gateway: Gateway, target: str) -> None:
    """Make some calls that do not count: a virtual machine takes seconds for its first handshakes."""
    for _ in range(10):
        gateway.call(target)


@contextlib.contextmanager
def running(setup: Setup, folder: Path, authority: Issued) -> Iterator[Backend]:
    """Start the back end of *setup* in *folder*, with a certificate of the *authority*, whose client certificates it accepts."""
    folder.chmod(0o755)  # a server may run as another user
    own = issue("back end", by=authority, hosts=("localhost", servers.HOST), key=rsa.generate_private_key(65537, 2048))
    files = {"server.crt": own.pem, "server.key": own.key_pem, "server.pem": own.pem + own.key_pem, "authority.pem": authority.pem}
    for name, text in files.items():
        (folder / name).write_text(text)
    (folder / "htdocs").mkdir()
    (folder / "htdocs" / "x").write_text("ok")
    port = _free_ports(setup.ports)
    environment = {**os.environ, "HOME": str(folder), "PYTHONPATH": ""}
    called = port + setup.use
    server = servers.start(setup.command(folder, port), log=folder / "printed.log", ports=[called], environment=environment)
    try:
        yield Backend(called, called, authority, server)
    finally:
        server.stop()


def _free_ports(count: int) -> int:
    """Return the first of so many free ports one after the other."""
    while True:
        (first,) = free_ports(1)
        with contextlib.suppress(OSError), contextlib.ExitStack() as taken:
            for port in range(first + 1, first + count):
                taken.enter_context(socket.create_server((servers.HOST, port)))
            return first


def _publish(setup: Setup, number: int, gateway: Gateway, authority: Issued, port: int) -> str:
    """Make the API and return its path."""
    from tests.gateway.gateways import open_to_all, policy

    one = open_to_all(policy(number, f"api-{number}", port=port, trusted=authority, presents=setup.certificate, scheme=setup.scheme))
    backend = dataclasses.replace(
        one.backend,
        protocol=setup.protocol,
        asks_later=setup.asks_later,
        older_servers=setup.older_servers,
        offers_http2=setup.scheme == "https" and _offers_http2(port),
    )
    refused = gateway.publish(dataclasses.replace(one, backend=backend), issue("caller", by=authority) if setup.certificate else None)
    assert not refused, refused
    return f"/api-{number}"


def _offers_http2(port: int) -> bool:
    """Return whether the back end chooses HTTP/2, which the control plane finds out in the same way."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])
    with socket.create_connection((servers.HOST, port), timeout=SILENT_SECONDS) as connection:
        shaking = context.wrap_socket(connection, server_hostname="localhost", do_handshake_on_connect=False)
        with contextlib.suppress(OSError):  # one that demands a certificate has chosen before it breaks off
            shaking.do_handshake()
        return shaking.selected_alpn_protocol() == "h2"


def _calls(setup: Setup, port: int, path: str, calls: int) -> Outcome:
    if setup.grpc:
        return _grpc_calls(port, path, calls)
    return make_calls(port, [path + target for target in setup.paths], callers=setup.callers, calls=calls)


def _grpc_calls(port: int, path: str, calls: int) -> Outcome:
    outcome = Outcome(calls=calls)
    with grpc.insecure_channel(f"{servers.HOST}:{port}") as channel:
        echo = channel.unary_unary(f"{path}/test.Echo/Call", request_serializer=None, response_deserializer=None)
        waiting = [(number, echo.future(b"call=%d" % number, timeout=SILENT_SECONDS)) for number in range(calls)]
        for number, one in waiting:
            try:
                outcome.lost += one.result() != b"call=%d" % number
            except grpc.RpcError as error:
                outcome.lost += 1
                outcome.words[str(error.details())[:100]] += 1
    return outcome


if __name__ == "__main__":
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    django.setup()
    parser = options(__doc__.splitlines()[0])
    parser.add_argument("--only", default="", metavar="WORDS", help="only the back ends whose names hold these words")
    sys.exit(main(parser.parse_args()))
