"""Server processes: started on loopback, optionally on one core, measured (processor time, memory) and ended."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.report import PROJECT

HOST = "127.0.0.1"
READY_WITHIN_SECONDS = 60
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class NotStarted(Exception):
    """A server ended, or did not listen in time; the message holds the last lines that it wrote."""


@dataclass(slots=True)
class Server:
    """A running server with all processes that it has started."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        """The process that was started."""
        return self.process.pid

    def stop(self, *, seconds: float = 10) -> None:
        """Ask it to end, insist after *seconds*, and wait."""
        _signal_group(self.pid, signal.SIGTERM)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        _signal_group(self.pid, signal.SIGKILL)  # what it has left behind

    def kill(self) -> None:
        """End it, and what it has started, without a chance to say farewell."""
        _signal_group(self.pid, signal.SIGKILL)
        self.process.wait()

    def cpu_seconds(self) -> float:
        """Return the processor time that it has used so far, of all its living processes together."""
        return cpu_seconds(self.pid)

    def memory(self) -> int:
        """Return the bytes of memory that its processes hold (resident sets; what they share is counted for each)."""
        return sum(_resident(process) for process in family(self.pid))

    def peak_memory(self) -> int:
        """Return the most bytes that its first process has held at a time."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return 1024 * next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))


def start(
    arguments: Sequence[str | Path],
    *,
    log: Path,
    ports: Sequence[int] = (),
    core: int | None = None,
    environment: Mapping[str, str] | None = None,
) -> Server:
    """Start a server in a process group of its own and wait until it listens on all *ports*.

    :param log: takes what it writes
    :param core: the one processor core that it and its children may use; ``None``: all
    :raises NotStarted: if it ends or does not listen in time
    """
    command = [str(argument) for argument in arguments]
    if core is not None:
        command = ["taskset", "--cpu-list", str(core), *command]
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=PROJECT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    server = Server(process, log)
    try:
        for port in ports:
            wait_for_port(port, server)
    except NotStarted:
        server.stop()
        raise
    return server


def wait_for_port(port: int, server: Server | None = None) -> None:
    """Return as soon as somebody listens on *port*.

    :raises NotStarted: if *server* ends meanwhile, or nobody listens in time
    """
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return
        if server and server.process.poll() is not None:
            break
        time.sleep(0.01)
    last = "\n".join(server.log.read_text(errors="replace").splitlines()[-20:]) if server else ""
    raise NotStarted(f"Nobody listens on port {port}.\n{last}")


@contextmanager
def workplace() -> Iterator[Path]:
    """Make a folder for the files of one benchmark and remove it in the end. Its path is short, as that of a socket must be."""
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def program(name: str) -> str | None:
    """Return the path of a program, those of our own Python environment first; ``None`` if it is not installed."""
    return shutil.which(name, path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}:/usr/sbin")


def family(process: int) -> list[int]:
    """Return *process* and its living descendants."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(status.parent.name)] = int(_stat(status.read_text())[1])
    found = [process] if process in parents else []
    for one in found:
        found.extend(child for child, parent in parents.items() if parent == one)
    return found


def cpu_seconds(process: int) -> float:
    """Return the processor time that *process* and its living descendants have used so far."""
    return sum(_cpu_seconds(one) for one in family(process))


def name_of(process: int) -> str:
    """Return the name of the program that *process* runs; empty if it has ended."""
    with suppress(OSError):
        return Path(f"/proc/{process}/comm").read_text().strip()
    return ""


def _cpu_seconds(process: int) -> float:
    with suppress(OSError):
        fields = _stat(Path(f"/proc/{process}/stat").read_text())
        return (int(fields[11]) + int(fields[12])) / _TICKS_A_SECOND
    return 0.0


def _resident(process: int) -> int:
    with suppress(OSError):
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * _PAGE
    return 0


def _stat(line: str) -> list[str]:
    """Return the fields of a line of /proc/…/stat from the third (the state) on; the second may hold blanks."""
    return line.rpartition(")")[2].split()


def _signal_group(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, number)
