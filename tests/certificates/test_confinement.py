"""What a file could do that took over the child which opens it: nothing but answer."""

from __future__ import annotations

import contextlib
import io
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core import checks
from django.core.management import call_command

from certificates.pfx import UnreadablePfx, confinement, open_pfx, opening, password_of, wire
from kit.issuing import issue

ROOT = Path(__file__).resolve().parent.parent.parent

# The child as it is, but for the reading of the file: that tries what is asked and tells what came of it.
_TAKEN_OVER = """
import ctypes, errno, json, os, socket, subprocess, sys, threading
from certificates.pfx import child
from certificates.pfx.model import Problem, UnreadablePfx

def call(*numbers_and_arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(*numbers_and_arguments) < 0:
        raise OSError(ctypes.get_errno(), "refused")

def connect(family, kind, address):
    socket.socket(family, kind).connect(address)

def taken_over(data, password, *, now):
    told = {}
    for attempt in json.loads(data):
        try:
            exec(attempt)
            told[attempt] = "done"
        except (OSError, RuntimeError) as refusal:
            told[attempt] = type(refusal).__name__
    raise UnreadablePfx(Problem.DAMAGED, json.dumps(told))

child.read = taken_over
child.main()
"""


def tried(*attempts: str) -> dict[str, str]:
    """Let a child that was taken over try each of *attempts*, lines of Python; return what came of each."""
    request = wire.pack((wire.OPEN, b"", datetime.now(UTC).isoformat().encode(), json.dumps(attempts).encode()))
    command = [sys.executable, "-c", _TAKEN_OVER, str(os.getpid())]
    ended = subprocess.run(command, input=request, capture_output=True, timeout=30, check=False, cwd=ROOT, env={})
    with pytest.raises(UnreadablePfx) as told:
        wire.understand(ended.stdout)
    answers: dict[str, str] = json.loads(told.value.detail)
    return answers


def all_refused(*attempts: str) -> None:
    told = tried(*attempts)
    assert set(told) == set(attempts)
    assert {attempt: said for attempt, said in told.items() if said == "done"} == {}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a folder that holds what a portal's home does."""
    for name in ("encryption-keys", "secret-key", "portal.sqlite3"):
        (tmp_path / name).write_text("secret")
    return tmp_path


@pytest.fixture
def listening(home: Path) -> Iterator[tuple[Path, int]]:
    """Listen as the xDS process does: on a socket in the home and on a port."""
    with contextlib.ExitStack() as stack:
        local = stack.enter_context(socket.socket(socket.AF_UNIX))
        local.bind(str(home / "xds.sock"))
        local.listen()
        port = stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1]
        yield home / "xds.sock", port


def test_it_reads_no_file_but_its_libraries(home: Path) -> None:
    all_refused(
        *(f"open({str(home / name)!r}, 'rb').read()" for name in ("encryption-keys", "secret-key", "portal.sqlite3")),
        f"os.listdir({str(home)!r})",
        f"open('/proc/{os.getpid()}/environ', 'rb').read()",
        f"open('/proc/{os.getpid()}/mem', 'rb').read(1)",
        "open('/proc/self/environ', 'rb').read()",
        "open('/etc/passwd').read()",
        f"open({str(ROOT / 'manage.py')!r}).read()",
    )
    assert tried("import xml.dom.minidom, sqlite3, encodings.idna") == {"import xml.dom.minidom, sqlite3, encodings.idna": "done"}


def test_it_writes_changes_and_removes_nothing(home: Path) -> None:
    ring = str(home / "encryption-keys")
    all_refused(
        f"open({ring!r}, 'r+b')",
        f"open({ring!r}, 'wb')",
        f"open({str(home / 'new')!r}, 'wb')",
        f"open({str(ROOT / 'certificates' / 'models.py')!r}, 'ab')",
        f"os.unlink({ring!r})",
        f"os.rename({ring!r}, {ring + '2'!r})",
        f"os.mkdir({str(home / 'folder')!r})",
        f"os.chmod({ring!r}, 0o666)",
        f"os.truncate({ring!r}, 0)",
        f"os.symlink({ring!r}, {str(home / 'link')!r})",
        f"os.link({ring!r}, {str(home / 'link')!r})",
    )
    assert (home / "encryption-keys").read_text() == "secret"


def test_it_connects_to_nobody(listening: tuple[Path, int]) -> None:
    path, port = listening
    all_refused(
        f"connect(socket.AF_UNIX, socket.SOCK_STREAM, {str(path)!r})",
        f"connect(socket.AF_INET, socket.SOCK_STREAM, ('127.0.0.1', {port}))",
        f"connect(socket.AF_INET, socket.SOCK_DGRAM, ('127.0.0.1', {port}))",
        "connect(socket.AF_INET6, socket.SOCK_STREAM, ('::1', 1))",
        "connect(socket.AF_UNIX, socket.SOCK_DGRAM, chr(0) + 'abstract')",
        "socket.socketpair()",
        "socket.create_server(('127.0.0.1', 0))",
        "call(425, 8, ctypes.create_string_buffer(256))",  # io_uring, which has sockets of its own
    )


def test_it_signals_and_watches_nobody() -> None:
    me = os.getpid()
    all_refused(
        f"os.kill({me}, 0)",
        f"os.kill({me}, 15)",
        "os.kill(os.getpid(), 0)",
        f"os.killpg(os.getpgid({me}), 0)",
        f"os.pidfd_open({me})",
        f"import resource; resource.prlimit({me}, resource.RLIMIT_CPU, (1, 1))",
        f"os.setpriority(os.PRIO_PROCESS, {me}, 19)",
        f"import fcntl; fcntl.fcntl(0, 8, {me})",  # F_SETOWN: whom the kernel signals
        f"call(101, 16, {me}, 0, 0)" if os.uname().machine == "x86_64" else f"call(117, 16, {me}, 0, 0)",  # ptrace
        f"call(310, {me}, 0, 0, 0, 0, 0)" if os.uname().machine == "x86_64" else f"call(270, {me}, 0, 0, 0, 0, 0)",  # process_vm_readv
    )


def test_it_starts_nothing_and_gets_no_right_back() -> None:
    all_refused(
        "os.fork()",
        "subprocess.run(['/bin/true'])",
        "os.posix_spawn('/bin/true', ['true'], {})",
        "os.execv('/bin/true', ['true'])",
        "threading.Thread(target=print).start()",
        "os.setuid(0)",
        "os.chroot('/')",
        "ctypes.CDLL(None, use_errno=True).unshare(0x10000000) and call(-1)",
        "os.memfd_create('program')",
    )


def _alone(step: str, *attempts: str) -> list[str]:
    """Return what comes of *attempts* under one measure of the three."""
    code = f"from certificates.pfx import confinement\nassert confinement.{step}()\n"
    code = f"import ctypes, os, socket\nctypes.CDLL(None).prctl(38, 1, 0, 0, 0)\n{code}"
    for attempt in attempts:
        code += f"try:\n    {attempt}\n    print('done')\nexcept OSError as refusal:\n    print(type(refusal).__name__)\n"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True, cwd=ROOT)
    return ended.stdout.split()


def test_each_measure_holds_without_the_others(home: Path, listening: tuple[Path, int]) -> None:
    path, port = listening
    ring = home / "encryption-keys"
    read, write = f"open({str(ring)!r}).read()", f"open({str(ring)!r}, 'a')"
    connect = f"socket.create_connection(('127.0.0.1', {port}))"
    connect_locally = f"socket.socket(socket.AF_UNIX).connect({str(path)!r})"

    assert _alone("_close_files", read, write, connect) == ["PermissionError"] * 3
    assert _alone("_close_system_calls", write, connect, connect_locally, "os.fork()") == ["PermissionError"] * 4
    assert _alone("_leave_namespaces", connect) == ["OSError"]


def test_this_machine_offers_all_and_the_start_says_so(settings: object) -> None:
    said = io.StringIO()
    call_command("certificates", "confinement", stdout=said)

    assert opening.confinement() == confinement.MEASURES
    assert said.getvalue() == "The process that opens uploaded files is confined by Landlock, seccomp, namespaces.\n"
    assert [one for one in checks.run_checks(include_deployment_checks=True) if one.id == "certificates.W001"] == []


@pytest.mark.parametrize(
    ("got", "words"),
    [
        (("seccomp",), "is confined by seccomp; not offered here: Landlock, namespaces."),
        ((), "is limited in time and memory only; not offered here: Landlock, seccomp, namespaces."),
    ],
)
def test_what_a_kernel_does_not_offer_is_said_and_warned_of(got: tuple[str, ...], words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # An older kernel: the child tells what it gets there.
    monkeypatch.setattr(opening, "_COMMAND", [sys.executable, "-c", f"print({' '.join(got)!r})"])
    said = io.StringIO()
    call_command("certificates", "confinement", stdout=said)

    assert words in said.getvalue()
    (warning,) = [one for one in checks.run_checks(include_deployment_checks=True) if one.id == "certificates.W001"]
    assert all(measure in warning.msg for measure in confinement.MEASURES if measure not in got)


def test_an_ordinary_file_opens_in_confinement() -> None:
    one = issue("orders-client")

    assert open_pfx(one.pfx_file(), password_of("secret")).certificate == one.der
