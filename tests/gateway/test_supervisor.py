"""The gateway as a process: one per home, restarted without losing a call, brought back when it dies, stopped with calls in flight."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from certificates.sealing import new_key
from gateway.agent import supervisor
from gateway.agent.bootstrap import GatewayBootstrap, UnixSocket, as_json, bootstrap
from gateway.agent.chosen import FILE, Chosen, Place
from gateway.agent.envoy import binary, trust_bundle
from gateway.compile import (
    SHARDS,
    GatewayListener,
    compile_cluster,
    compile_key_check,
    compile_key_shard,
    compile_listener,
    compile_segment,
    compile_status,
)
from kit.ports import free_ports
from tests.gateway.backends import Backend
from tests.gateway.feed import Feed
from tests.gateway.gateways import open_to_all, policy
from tests.processes import PROJECT, children_of


@dataclass
class Supervised:
    """A gateway under its supervisor."""

    home: Path
    port: int
    process: subprocess.Popen[bytes]

    def call(self, path: str = "/slow") -> int:
        """Call and return the status."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            response.read()
            return response.status
        finally:
            connection.close()

    def envoys(self) -> list[int]:
        """Return the process ids of the Envoys."""
        return sorted(children_of(self.process.pid, "envoy"))

    def agents(self) -> list[int]:
        """Return the process id of the agent; none if it is not running."""
        return sorted(children_of(self.process.pid, "python"))


@pytest.fixture
def backend() -> Iterator[Backend]:
    with Backend() as running:
        yield running


@pytest.fixture
def restart_seconds() -> int:
    return 6


@pytest.fixture
def gateway(tmp_path: Path, backend: Backend, restart_seconds: int) -> Iterator[Supervised]:
    (port,) = free_ports(1)
    feed = Feed(tmp_path / "xds.sock")
    one = open_to_all(policy(1, "slow", port=backend.port, scheme="http", presents=False))
    feed.put([*compile_cluster(one, None), *compile_segment("slow", [one]), *(compile_key_shard(shard, ()) for shard in SHARDS)])
    feed.put([compile_key_check(0, ()), *compile_status(), *compile_listener(GatewayListener(host="127.0.0.1", port=port))])
    admin = UnixSocket(path=supervisor.ADMIN_SOCKET)
    chosen = GatewayBootstrap(node="test", agent=UnixSocket(path=supervisor.AGENT_SOCKET), admin=admin, trust_bundle=trust_bundle())
    (tmp_path / supervisor.BOOTSTRAP).write_text(as_json(bootstrap(chosen)), encoding="utf-8")
    own = GatewayListener(host="127.0.0.1", port=port)
    told = Chosen(
        node="test", envoy="1.40.0", listener=own, places=(Place(),), identity=tmp_path / "none", renewals=tmp_path / "none", keep_hours=1
    )
    (tmp_path / FILE).write_text(told.as_json(), encoding="utf-8")
    with _supervised(tmp_path, restart_seconds) as process:
        running = Supervised(tmp_path, port, process)
        eventually(lambda: running.call() == 200)
        yield running
    feed.stop()


@contextmanager
def _supervised(home: Path, restart_seconds: int = 6) -> Iterator[subprocess.Popen[bytes]]:
    options = ["--envoy", binary(), "--home", str(home), "--concurrency", "1", "--restart-seconds", str(restart_seconds)]
    command = [sys.executable, "-E", "-s", "-m", supervisor.__name__, *options]
    process = subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.DEVNULL)
    yield process
    if process.poll() is None:
        process.terminate()
    process.wait(20)


def eventually(happens: Callable[[], bool], *, seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if happens():
                return
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(0.02)
    raise AssertionError("It did not happen.")


@dataclass
class Callers:
    """Callers that never stop, each on a connection it keeps as long as it may."""

    port: int
    count: int = 4
    answered: int = 0
    failed: list[str] = field(default_factory=list)

    @contextmanager
    def calling(self) -> Iterator[None]:
        """Call all the time."""
        self._stop = threading.Event()
        threads = [threading.Thread(target=self._call) for _ in range(self.count)]
        for thread in threads:
            thread.start()
        yield
        self._stop.set()
        for thread in threads:
            thread.join()

    def _call(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        while not self._stop.is_set():
            try:
                connection.request("GET", "/slow")
                response = connection.getresponse()
                response.read()
            except (OSError, http.client.HTTPException) as error:
                self.failed.append(repr(error))
                connection.close()
                continue
            if response.status == 200:
                self.answered += 1
            else:
                self.failed.append(str(response.status))
        connection.close()


def test_a_restart_loses_no_call_and_leaves_one_envoy(gateway: Supervised) -> None:
    callers = Callers(gateway.port)
    before = gateway.envoys()
    with callers.calling():
        time.sleep(0.5)
        gateway.process.send_signal(signal.SIGHUP)
        eventually(lambda: len(gateway.envoys()) == 1 and gateway.envoys() != before, seconds=30)
        time.sleep(0.5)
    assert not callers.failed
    assert callers.answered > 100


@pytest.mark.parametrize(("restart_seconds", "finishes"), [(2, False), (12, True)])
def test_what_is_under_way_may_outlive_a_restart_as_long_as_is_set(gateway: Supervised, restart_seconds: int, finishes: bool) -> None:
    ends: list[object] = []

    def download() -> None:
        try:
            ends.append(gateway.call("/slow/slow/8"))
        except (OSError, http.client.HTTPException) as error:
            ends.append(error)

    caller = threading.Thread(target=download)
    (before,) = gateway.envoys()
    caller.start()
    time.sleep(0.5)
    gateway.process.send_signal(signal.SIGHUP)
    caller.join()

    assert (ends == [200]) is finishes
    eventually(lambda: len(gateway.envoys()) == 1 and gateway.envoys() != [before])


def test_a_restart_that_is_asked_for_during_another_follows_it(gateway: Supervised) -> None:
    callers = Callers(gateway.port)
    seen: set[int] = set()
    with callers.calling():
        for _ in range(2):
            gateway.process.send_signal(signal.SIGHUP)
            eventually(lambda: len(gateway.envoys()) > 1)

        def has_been_replaced_twice() -> bool:
            now = gateway.envoys()
            seen.update(now)
            return len(seen) == 3 and len(now) == 1

        eventually(has_been_replaced_twice, seconds=40)
    assert not callers.failed


def test_an_envoy_that_dies_is_brought_back(gateway: Supervised) -> None:
    (pid,) = gateway.envoys()
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: gateway.envoys() not in ([], [pid]) and gateway.call() == 200)


def test_an_envoy_does_not_outlive_its_supervisor(gateway: Supervised) -> None:
    (pid,) = gateway.envoys()
    gateway.process.kill()
    gateway.process.wait()
    eventually(lambda: not Path(f"/proc/{pid}").exists(), seconds=5)


def test_a_stop_lets_calls_in_flight_finish_and_takes_no_new_ones(gateway: Supervised) -> None:
    statuses: list[int] = []
    caller = threading.Thread(target=lambda: statuses.append(gateway.call("/slow/slow/1.5")))
    caller.start()
    time.sleep(0.3)
    gateway.process.terminate()
    time.sleep(0.3)
    with pytest.raises(OSError, match=r"refused|reset"):
        gateway.call()
    caller.join()
    assert statuses == [200]
    assert gateway.process.wait(5) == 0


def test_a_second_signal_ends_at_once(gateway: Supervised) -> None:
    caller = threading.Thread(target=lambda: _ignoring(lambda: gateway.call("/slow/slow/9")))
    caller.start()
    time.sleep(0.3)
    gateway.process.terminate()
    time.sleep(0.3)
    gateway.process.terminate()
    assert gateway.process.wait(2) == 0
    caller.join()


def _ignoring(call: Callable[[], int]) -> None:
    try:
        call()
    except (OSError, http.client.HTTPException):
        return


def test_one_home_has_one_gateway(gateway: Supervised) -> None:
    assert supervisor.running(gateway.home) == gateway.process.pid
    with _supervised(gateway.home) as second:
        assert second.wait(5) == 1
    assert gateway.call() == 200


def test_a_gateway_that_has_ended_does_not_run(tmp_path: Path) -> None:
    assert supervisor.running(tmp_path) is None
    (tmp_path / supervisor.PROCESS_ID).write_text("1", encoding="ascii")
    assert supervisor.running(tmp_path) is None


def test_supervisor_and_envoy_know_no_secret_of_the_environment_and_leave_no_core(tmp_path: Path) -> None:
    secrets = {
        "PORTAL_ENCRYPTION_KEYS": new_key(),
        "PORTAL_SECRET_KEY": "the-secret-key",
        "PORTAL_MAIL_PASSWORD": "the-mail-password",
        "PORTAL_ADMIN_PASSWORD": "the-first-password",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'the-database'}",
        "SOMETHING_OF_TOMORROW": "the-unknown",
    }
    (port,) = free_ports(1)
    place = {"PORTAL_HOME": str(tmp_path), "GATEWAY_ADDRESS": f"127.0.0.1:{port}", "PATH": os.environ["PATH"], "TZ": "UTC"}
    allow_cores = ["/bin/sh", "-c", 'ulimit -S -c "$(ulimit -H -c)" && exec "$@"', "sh"]
    command = [*allow_cores, sys.executable, "manage.py", "gateway", "run"]
    with subprocess.Popen(command, cwd=PROJECT, env=secrets | place, stderr=subprocess.DEVNULL) as process:
        try:
            gateway = Supervised(tmp_path, port, process)
            eventually(lambda: supervisor.running(tmp_path) is not None, seconds=60)  # before, it asks an Envoy for its version
            eventually(lambda: len(gateway.envoys()) == 1)
            for pid in (process.pid, *gateway.envoys()):
                names = {entry.partition(b"=")[0].decode() for entry in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")}
                assert names <= {"PATH", "TZ", "LC_CTYPE", "PORTAL_LOG_FORMAT", "PORTAL_LOG_LEVEL", ""}
                assert "TZ" in names
                assert re.search(r"Max core file size +0 +0 ", Path(f"/proc/{pid}/limits").read_text())
        finally:
            process.terminate()


@pytest.mark.parametrize("command", [["check", "--help"], ["xds", "--help"], ["portal", "--help"]])
def test_no_command_leaves_a_core(command: list[str], tmp_path: Path) -> None:
    look = "import atexit, resource, runpy, sys; atexit.register(lambda: print(resource.getrlimit(resource.RLIMIT_CORE)))"
    run = f"{look}; sys.argv[1:] = {command!r}; runpy.run_path('manage.py', run_name='__main__')"
    environment = {"PORTAL_HOME": str(tmp_path), "PORTAL_SECRET_KEY": "x", "PATH": os.environ["PATH"]}

    ended = subprocess.run([sys.executable, "-c", run], cwd=PROJECT, env=environment, capture_output=True, text=True, check=True)

    assert ended.stdout.splitlines()[-1] == "(0, 0)"
