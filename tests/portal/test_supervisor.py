"""The supervisor: what dies comes back, and the end comes when it is asked for, whatever the programs are doing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.processes import PROJECT, processes_of

RUN = """
import sys
from pathlib import Path
from portal.supervisor import Program, Supervisor

commands = [["/bin/sh", "-c", command] if " " in command else [command] for command in sys.argv[2:]]
programs = [
    Program(name=f"program-{number}", command=command, folder=Path(sys.argv[1]), must_start=number == 0)
    for number, command in enumerate(commands)
]
sys.exit(Supervisor(programs=programs, end_seconds=2).run())
"""
LONG = "exec sleep 600"


@dataclass
class Supervised:
    """A supervisor with its programs."""

    process: subprocess.Popen[bytes]
    home: Path

    def children(self) -> dict[str, int]:
        """Return the processes that it has started, by their arguments."""
        return {arguments: pid for pid, arguments in processes_of(self.process.pid).items() if pid != self.process.pid}

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send the signal; return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(10)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Supervised]]:
    running: list[Supervised] = []

    def start(*commands: str, prefix: tuple[str, ...] = ()) -> Supervised:
        command = [*prefix, sys.executable, "-c", textwrap.dedent(RUN), str(tmp_path), *commands]
        with (tmp_path / "said").open("w") as said:
            process = subprocess.Popen(command, cwd=PROJECT, stderr=said)
        running.append(Supervised(process, tmp_path))
        return running[-1]

    yield start
    for one in running:
        if one.process.poll() is None:
            one.end()


def wait_until(condition: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status")
    return status.exists() and "State:\tZ" not in status.read_text()


def test_whatever_it_started_comes_back_when_it_is_killed_also_all_at_once(start: Callable[..., Supervised]) -> None:
    supervised = start("exec sleep 601", "exec sleep 602", "exec sleep 603")
    wait_until(lambda: len(supervised.children()) == 3)
    for _ in range(3):
        before = supervised.children()
        for pid in before.values():
            os.kill(pid, signal.SIGKILL)
        wait_until(partial(all_are_back, supervised, before))
    assert supervised.end() == 0


def all_are_back(supervised: Supervised, before: dict[str, int]) -> bool:
    now = supervised.children()
    return now.keys() == before.keys() and not set(now.values()) & set(before.values())


def test_one_that_ends_by_itself_comes_back_and_the_others_go_on(start: Callable[..., Supervised], tmp_path: Path) -> None:
    supervised = start(LONG, "echo once >> starts")
    wait_until(lambda: (tmp_path / "starts").exists() and (tmp_path / "starts").read_text().count("once") >= 3)
    assert "sleep 600" in supervised.children()
    assert supervised.end() == 0


def test_one_that_must_start_and_cannot_ends_all(start: Callable[..., Supervised]) -> None:
    supervised = start("exit 3", LONG)
    assert supervised.process.wait(20) == 1
    assert (supervised.home / "said").read_text() == "program-0: has ended with status 3\n"


def test_what_a_dead_program_has_left_behind_ends_before_it_comes_back(start: Callable[..., Supervised], tmp_path: Path) -> None:
    supervised = start(LONG, "sleep 604 & echo $! >> left; wait")
    wait_until(lambda: (tmp_path / "left").exists() and "sleep 604" in supervised.children())
    (left,) = map(int, (tmp_path / "left").read_text().split())
    (parent,) = [pid for arguments, pid in supervised.children().items() if "& echo" in arguments]
    os.kill(parent, signal.SIGKILL)
    wait_until(lambda: not is_alive(left))
    wait_until(lambda: len((tmp_path / "left").read_text().split()) == 2)


DEAF = "trap '' TERM; echo deaf > deaf; while true; do sleep 605; done"
STOPPED = "kill -STOP $$"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("command", [LONG, DEAF, STOPPED, "exit 1", "kill -9 $$"])
def test_it_ends_when_it_is_asked_to_whatever_its_programs_do(
    start: Callable[..., Supervised], command: str, number: signal.Signals
) -> None:
    supervised = start(LONG, command)
    wait_until(lambda: "sleep 600" in supervised.children())
    wait_until(lambda: command is not DEAF or (supervised.home / "deaf").exists())
    family = supervised.children().values()
    assert supervised.end(number) == 0
    assert not [pid for pid in family if is_alive(pid)]


def test_a_second_signal_ends_those_that_do_not_listen_at_once(start: Callable[..., Supervised], tmp_path: Path) -> None:
    supervised = start(LONG, DEAF)
    wait_until((tmp_path / "deaf").exists)
    began = time.monotonic()
    supervised.process.terminate()
    time.sleep(0.2)
    assert supervised.end() == 0
    assert time.monotonic() - began < 1.5  # it would have waited two seconds


def test_a_terminal_that_is_closed_means_nothing_under_nohup(start: Callable[..., Supervised]) -> None:
    supervised = start(LONG, prefix=("nohup",))
    wait_until(lambda: "sleep 600" in supervised.children())
    before = supervised.children()
    supervised.process.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    assert supervised.children() == before
    assert supervised.end() == 0


def test_what_cannot_be_started_for_the_moment_is_tried_again(start: Callable[..., Supervised], tmp_path: Path) -> None:
    missing = tmp_path / "program"
    supervised = start(LONG, str(missing))
    wait_until(lambda: "cannot be started (No such file or directory)" in (tmp_path / "said").read_text())
    missing.write_text("#!/bin/sh\necho here > here\nexec sleep 606\n", encoding="utf-8")
    missing.chmod(0o700)
    wait_until((tmp_path / "here").exists)
    assert supervised.end() == 0
