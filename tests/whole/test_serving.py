"""`manage.py serve --demo`, what `make run` runs: it starts quickly, keeps what it has, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from kit.ports import free_ports
from tests.processes import Portal, processes_of

LITTLE = 0.7  # of the first start's work; a busy machine makes both work more
PROCESSES = ("granian", "manage.py xds", "envoy", "manage.py demo run")


@pytest.fixture
def portal(tmp_path: Path) -> Portal:
    return Portal(tmp_path / "home")


@pytest.fixture
def bare(tmp_path: Path) -> Portal:
    return Portal(tmp_path / "home", bare=True)


def wait_until(condition: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def processor_seconds(portal: Portal) -> float:
    """Return how long all processes together have kept a processor busy."""
    ticks = 0
    for process in processes_of(portal.pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # what has ended meanwhile is its parent's
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(int(field) for field in fields[11:15])  # its own and its ended children's time, in user and in system mode
    return ticks / os.sysconf("SC_CLK_TCK")


def test_a_second_start_is_little_work_and_keeps_everything(bare: Portal) -> None:
    with bare as portal:
        work = processor_seconds(portal)
        first = (portal.user_name, portal.password, portal.subscription_key, portal.told("Certificate"), portal.told("Its password"))
    with portal:
        little = processor_seconds(portal)
        second = (portal.user_name, portal.password, portal.subscription_key, portal.told("Certificate"), portal.told("Its password"))
        assert urllib.request.urlopen(f"{portal.url}/healthz").status == 200

    assert second == first
    assert little < LITTLE * work


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_it_ends_all_that_it_started(portal: Portal, signum: signal.Signals) -> None:
    with portal:
        family = processes_of(portal.pid)
        for name in PROCESSES:
            assert any(name in arguments for arguments in family.values()), f"{name} is not among {family}"

        os.kill(portal.pid, signum)

        wait_until(lambda: not any(_is_alive(process) for process in family if process != portal.pid))
        assert portal.exit_code() == 0


def test_nothing_lives_on_when_it_is_killed_outright(portal: Portal) -> None:
    with portal:
        family = processes_of(portal.pid)

        os.kill(portal.pid, signal.SIGKILL)

        wait_until(lambda: not any(_is_alive(process) for process in family))


def test_an_address_that_is_taken_is_named(portal: Portal) -> None:
    with (
        socket.create_server(("127.0.0.1", int(portal.gateway_url.rpartition(":")[2]))),
        pytest.raises(AssertionError, match="GATEWAY_ADDRESS"),
    ):
        portal.__enter__()


@pytest.mark.parametrize("name", ["granian", "manage.py xds", "gateway.agent.supervisor", "manage.py demo run"])
def test_a_process_that_dies_comes_back_and_the_others_go_on(portal: Portal, name: str) -> None:
    with portal:
        before = _first_by_name(portal)

        os.kill(before[name], signal.SIGKILL)

        # Its children (the portal's workers, Envoy) do not live on beside the new ones.
        wait_until(lambda: _first_by_name(portal).get(name, before[name]) != before[name])
        wait_until(lambda: _answers(f"{portal.url}/healthz") and _answers(f"{portal.gateway_url}/status-0123456789abcdef"))
        after = _first_by_name(portal)
        assert {other: process for other, process in after.items() if other != name} == {
            other: process for other, process in before.items() if other != name
        }


def test_calls_go_on_while_the_process_that_configures_the_gateway_is_down(portal: Portal) -> None:
    with portal:
        os.kill(_first_by_name(portal)["manage.py xds"], signal.SIGKILL)
        statuses = set()
        until = time.monotonic() + 3
        while time.monotonic() < until:
            statuses.add(portal.call("/orders/1", key=portal.subscription_key).status)
        assert statuses == {502}, "the back end refuses calls without a certificate, and nothing else fails"


def test_where_a_process_cannot_start_all_end_and_the_exit_code_says_so(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        portal = Portal(tmp_path / "home", extra_environment={"PORTAL_XDS_ADDRESS": address})
        with pytest.raises(AssertionError, match="could not start"):
            portal.__enter__()
        assert portal.exit_code() != 0


def from_a_shell(folder: Path, line: str) -> tuple[Portal, Path]:
    """Return a portal that a shell starts with *line*, and the file that will hold the process that it has started."""
    started = folder / "started"
    return Portal(folder / "home", command=("/bin/sh", "-c", f"{line} & echo $! > {started}; sleep 600")), started


def test_under_nohup_it_lives_on_when_its_shell_and_its_terminal_are_gone(tmp_path: Path) -> None:
    portal, started = from_a_shell(tmp_path, f"nohup {sys.executable} manage.py serve --demo")
    with portal:
        serving = int(started.read_text())
        os.kill(portal.pid, signal.SIGKILL)
        os.kill(serving, signal.SIGHUP)
        time.sleep(2)
        assert _answers(f"{portal.url}/healthz")
        family = processes_of(serving)
        assert len(family) > len(PROCESSES)

        os.kill(serving, signal.SIGTERM)

        wait_until(lambda: not any(_is_alive(process) for process in family))


def test_it_ends_with_its_starter_where_that_is_wanted(tmp_path: Path) -> None:
    portal, started = from_a_shell(tmp_path, f"{sys.executable} manage.py serve --demo --end-with-starter")
    with portal:
        family = processes_of(int(started.read_text()))
        assert len(family) > len(PROCESSES)
        os.kill(portal.pid, signal.SIGKILL)
        wait_until(lambda: not any(_is_alive(process) for process in family))


def test_whatever_it_has_started_comes_back_and_the_end_still_comes(portal: Portal) -> None:
    with portal:
        before = {process for process, parent in _parents().items() if parent == portal.pid}
        assert len(before) == len(PROCESSES)
        for process in before:
            os.kill(process, signal.SIGKILL)
        wait_until(lambda: len({process for process, parent in _parents().items() if parent == portal.pid} - before) == len(PROCESSES))
        wait_until(lambda: _answers(f"{portal.url}/healthz") and _answers(f"{portal.gateway_url}/status-0123456789abcdef"))
        assert portal.stop() == 0


def _parents() -> dict[int, int]:
    """Return the parent of each process that runs."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,stat="], capture_output=True, text=True, check=True).stdout.splitlines()
    return {int(pid): int(parent) for pid, parent, state in map(str.split, listed) if not state.startswith("Z")}


def _first_by_name(portal: Portal) -> dict[str, int]:
    """Return the process of each name; of several the first, the others being its children."""
    family = {process: arguments for process, arguments in processes_of(portal.pid).items() if "sh -c" not in arguments}
    names = ("granian", "manage.py xds", "gateway.agent.supervisor", "manage.py demo run")
    return {name: min(found) for name in names if (found := [process for process, arguments in family.items() if name in arguments])}


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def test_no_password_or_key_stands_in_arguments_or_in_the_environment_of_others(tmp_path: Path) -> None:
    given = "an administrator's own password"
    with Portal(tmp_path / "home", extra_environment={"PORTAL_ADMIN_PASSWORD": given}) as portal:
        # The starter was given the password in its environment, and takes it out for those that it starts.
        family = {process: arguments for process, arguments in processes_of(portal.pid).items() if "manage.py serve" not in arguments}
        for process, arguments in family.items():
            environment = Path(f"/proc/{process}/environ").read_text(encoding="utf-8", errors="replace")
            for secret in (given, portal.told("Its password"), portal.subscription_key):
                assert secret not in arguments
                assert secret not in environment


def test_nobody_else_may_read_what_is_written(bare: Portal) -> None:
    with bare as portal:
        open_to_others = [path for path in portal.home.rglob("*") if stat.S_IMODE(path.lstat().st_mode) & 0o077 and path.is_file()]
        assert stat.S_IMODE(portal.home.stat().st_mode) == 0o700
        assert [path for path in open_to_others if "static" not in path.parts] == []


def test_the_start_says_what_it_does(bare: Portal) -> None:
    with bare as portal:
        made = ("database migrations.", "Collected the static files.", "Made the secret key.", "Made the first administrator, admin.")
        for line in (*made, "Everything is set up."):
            assert line in portal.said
        assert re.search(r"^curl -i http\S+/orders/1 -H 'Ocp-Apim-Subscription-Key: [0-9a-f]{32}'$", portal.said, re.MULTILINE)


def test_the_start_says_where_portal_and_gateway_end_tls(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    made = Portal(tmp_path / "home")
    made.manage("portal", "certificate", "--host", "127.0.0.1", "--directory", str(tmp_path))
    files = {"PORTAL_TLS_CERTIFICATE": str(tmp_path / "portal.crt"), "PORTAL_TLS_KEY": str(tmp_path / "portal.key")}
    with Portal(tmp_path / "home", files | {"GATEWAY_TLS_ADDRESS": f"127.0.0.1:{port}"}) as portal:
        assert portal.told("Portal") == f"{portal.url.replace('http', 'https')}/"
        assert portal.told("By HTTPS").startswith(f"https://127.0.0.1:{port}/ ")


def _is_alive(process: int) -> bool:
    status = Path(f"/proc/{process}/status")
    try:
        return "State:\tZ" not in status.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
