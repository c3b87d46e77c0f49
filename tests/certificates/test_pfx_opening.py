"""Opening a file in a child: its limits, its end, and how many there are at once."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from certificates.pfx import MOST_BYTES, Problem, UnreadablePfx, limits, open_pfx, opening, password_of, wire
from kit.issuing import issue
from tests.certificates import files

CLIENT = issue("orders-client", by=issue("root", authority=True))
FILE = CLIENT.pfx_file()
SECRET = password_of("secret")
# The count stands inside an encrypted part, where no scan sees it.
HOSTILE = files.file_of(files.encrypted(files.shrouded_key(CLIENT.key_der, iterations=2**31 - 1)))


def problem(data: bytes) -> Problem:
    with pytest.raises(UnreadablePfx) as caught:
        open_pfx(data, SECRET)
    return caught.value.problem


def children() -> list[int]:
    """Return the ids of the child processes that open files for this process."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and b"pfx.child" in (stat.parent / "cmdline").read_bytes():
                found.append(int(stat.parent.name))
    return found


@pytest.fixture
def little_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give files half a second."""
    monkeypatch.setattr(opening, "WALL_SECONDS", 0.5)


@pytest.fixture
def busy() -> Iterator[None]:
    """Take every turn."""
    for _ in range(opening.AT_ONCE):
        opening._turns.acquire()  # noqa: SLF001 - the queue itself
    yield
    for _ in range(opening.AT_ONCE):
        opening._turns.release()  # noqa: SLF001


def test_a_file_is_opened_with_its_chain() -> None:
    assert open_pfx(FILE, SECRET) == CLIENT.as_pfx()
    assert children() == []


def test_a_refusal_keeps_its_reason_and_detail() -> None:
    with pytest.raises(UnreadablePfx) as caught:
        open_pfx(CLIENT.der, SECRET)
    assert (caught.value.problem, caught.value.detail) == (Problem.DER, "certificate")


def test_what_is_too_large_is_not_even_handed_on() -> None:
    assert problem(b"0" * (MOST_BYTES + 1)) is Problem.TOO_LARGE
    assert problem(b"0" * MOST_BYTES) is Problem.NOT_PKCS12


def test_a_file_that_takes_too_long_is_given_up_and_its_child_is_gone(little_time: None) -> None:
    started = time.monotonic()
    assert problem(HOSTILE) is Problem.TOO_MUCH_WORK
    assert time.monotonic() - started < 10
    assert children() == []


def test_the_system_ends_a_child_that_used_up_its_processor_time() -> None:
    limited = "from certificates.pfx import limits; limits.CPU_SECONDS = 1; from certificates.pfx import child; child.main()"
    request = wire.pack((wire.OPEN, SECRET.value, datetime.now(UTC).isoformat().encode(), HOSTILE))
    command = [sys.executable, "-c", limited, str(os.getpid())]
    ended = subprocess.run(command, input=request, capture_output=True, timeout=20, check=False)
    assert -ended.returncode in {signal.SIGXCPU, signal.SIGKILL}
    assert ended.stdout == b""


def test_a_child_is_confined() -> None:
    shown = (
        "import resource as r, sys; from certificates.pfx import limits; limits.confine(int(sys.argv[1]));"
        "print(*[r.getrlimit(kind)[0] for kind in (r.RLIMIT_CPU, r.RLIMIT_AS, r.RLIMIT_CORE, r.RLIMIT_FSIZE)])"
    )
    ended = subprocess.run([sys.executable, "-c", shown, str(os.getpid())], capture_output=True, text=True, timeout=20, check=True)
    assert ended.stdout.split() == [str(limits.CPU_SECONDS), str(limits.MEMORY_BYTES), "0", "0"]


def test_a_child_dies_with_its_parent() -> None:
    parent = (
        "import sys; from certificates.pfx import open_pfx, password_of; print('started', flush=True);"
        "open_pfx(sys.stdin.buffer.read(), password_of('secret'))"
    )
    with subprocess.Popen([sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        process.stdin.write(HOSTILE)
        process.stdin.close()
        grandchild = _wait_for(lambda: _child_of(process.pid))
        process.kill()
        process.wait()
        assert _wait_for(lambda: not Path(f"/proc/{grandchild}").exists() or _is_zombie(grandchild))


def _child_of(parent: int) -> int:
    tasks = Path(f"/proc/{parent}/task/{parent}/children")
    return int((tasks.read_text().split() or ["0"])[0])


def _is_zombie(process: int) -> bool:
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def _wait_for(condition: object) -> int:
    """Return what *condition* gives as soon as it is true.

    :raises AssertionError: if it is not within 10 seconds
    """
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if value := condition():  # type: ignore[operator]  # a function without arguments
            return int(value)
        time.sleep(0.02)
    raise AssertionError


def test_whoever_waits_too_long_for_a_turn_is_asked_to_come_back(busy: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "WAIT_SECONDS", 0.05)
    assert problem(FILE) is Problem.BUSY


def test_a_long_queue_turns_newcomers_away_at_once_and_serves_those_who_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "WALL_SECONDS", 0.3)
    outcomes: list[Problem] = []

    def attempt() -> None:
        try:
            open_pfx(HOSTILE, SECRET)
        except UnreadablePfx as refusal:
            outcomes.append(refusal.problem)

    crowd = [threading.Thread(target=attempt) for _ in range(opening.AT_ONCE + opening.WAITING + 4)]
    for thread in crowd:
        thread.start()
    most = 0
    while any(thread.is_alive() for thread in crowd):
        most = max(most, len(children()))
        time.sleep(0.02)
    assert most <= opening.AT_ONCE
    assert outcomes.count(Problem.BUSY) == 4
    assert outcomes.count(Problem.TOO_MUCH_WORK) == opening.AT_ONCE + opening.WAITING
    assert children() == []
    monkeypatch.undo()
    assert open_pfx(FILE, SECRET) == CLIENT.as_pfx()


def test_a_child_that_breaks_says_where_but_not_with_what(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(opening, "_COMMAND", [sys.executable, "-c", "raise SystemExit('secret')"])
    assert problem(FILE) is Problem.DAMAGED
    assert "no answer" in caplog.text
    assert "secret" not in caplog.text


def test_a_machine_without_room_for_another_process_is_busy(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(opening, "_COMMAND", ["/nonexistent"])
    assert problem(FILE) is Problem.BUSY
    assert "FileNotFoundError" in caplog.text


def test_nothing_of_a_file_or_password_stands_in_the_process_list(little_time: None) -> None:
    seen = bytearray()
    thread = threading.Thread(target=lambda: problem(HOSTILE))
    thread.start()
    while thread.is_alive():
        for child in children():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                seen += Path(f"/proc/{child}/cmdline").read_bytes() + Path(f"/proc/{child}/environ").read_bytes()
        time.sleep(0.02)
    assert b"certificates.pfx.child" in seen
    assert b"secret" not in seen
    assert b"PORTAL" not in seen


@pytest.mark.parametrize("answer", [b"", b"\0", b"\0\0\0\x04pf", wire.pack((b"else",)), wire.pack((b"problem", b"unheard-of", b""))])
def test_half_an_answer_is_not_taken_for_one(answer: bytes) -> None:
    with pytest.raises(wire.ChildFailed):
        wire.understand(answer)
