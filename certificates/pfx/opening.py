"""Opening a file that somebody sent, and making a key, in a child process under limits. [pure]"""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from certificates.pfx import wire
from certificates.pfx.limits import WALL_SECONDS
from certificates.pfx.model import MOST_BYTES, Pfx, Problem, UnreadablePfx
from certificates.sealing import Secret

_log = logging.getLogger(__name__)
_COMMAND = [sys.executable, *(["-B"] if sys.dont_write_bytecode else []), "-E", "-s", "-m", "certificates.pfx.child"]
_ROOT = Path(__file__).resolve().parent.parent.parent  # where `python -m certificates.pfx.child` is found

AT_ONCE = 2  # files being opened by this process
WAITING = 14  # requests that may wait for their turn; each holds a thread of the server
WAIT_SECONDS = 20.0
_turns = threading.BoundedSemaphore(AT_ONCE)
_places = threading.BoundedSemaphore(AT_ONCE + WAITING)


def password_of(text: str) -> Secret:
    """Return a password as :func:`open_pfx` takes it: exactly the characters typed."""
    return Secret(text.encode("utf-8", "surrogatepass"))  # a lone surrogate, possible in JSON, opens nothing but must not fail here


def open_pfx(data: bytes, password: Secret, *, now: datetime | None = None) -> Pfx:
    """Return the certificate, its chain and its private key in the file *data*: PFX, its base64 text, or PEM.

    Takes 0.15 s for an ordinary file and 30 s at the very most; other threads go on meanwhile.

    :param password: UTF-8, see :func:`password_of`; empty for a file without a password
    :param now: which of several certificates of the key is taken depends on it
    :raises UnreadablePfx: if the file gives no key pair that the gateway can use; its ``problem`` says why
    """
    if len(data) > MOST_BYTES:
        raise UnreadablePfx(Problem.TOO_LARGE)
    return _pfx_of(Secret(wire.pack((wire.OPEN, password.value, _told(now), data))))


def read_answer(data: bytes, public_key: bytes, *, now: datetime) -> Pfx:
    """Return the certificate of *public_key* (SubjectPublicKeyInfo, DER) in what an authority has answered, without a private key.

    :raises UnreadablePfx: if there is none that could be presented; its ``problem`` says why
    """
    if len(data) > MOST_BYTES:
        raise UnreadablePfx(Problem.TOO_LARGE)
    return _pfx_of(Secret(wire.pack((wire.ANSWER, public_key, _told(now), data))))


def list_certificates(data: bytes) -> list[bytes]:
    """Return the certificates in a file that should hold no key, DER: PEM, DER or PKCS#7.

    :raises UnreadablePfx: if there is none; its ``problem`` says what is there in their place
    """
    if len(data) > MOST_BYTES:
        raise UnreadablePfx(Problem.TOO_LARGE)
    found = _ask_child(Secret(wire.pack((wire.LIST, data))))
    assert isinstance(found, list)  # noqa: S101 - the answer to such a request
    return found


def make_key(wanted: bytes) -> tuple[Secret, bytes]:
    """Return a new private key (PKCS#8 DER) and its signing request (DER), as :class:`certificates.signing.Wanted` asks for them.

    :raises UnreadablePfx: ``BUSY``, or ``TOO_MUCH_WORK`` where it takes too long
    """
    made = _ask_child(Secret(wire.pack((wire.MAKE, wanted))))
    assert isinstance(made, tuple)  # noqa: S101 - the answer to such a request
    return made


def confinement() -> tuple[str, ...]:
    """Return which :data:`certificates.pfx.confinement.MEASURES` confine the child on this machine: those of one that tells.

    :raises OSError: if no process can be started
    """
    said = subprocess.run(  # noqa: S603 - a fixed command
        [*_COMMAND, str(os.getpid()), "tell"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=_ROOT,
        env={},
        timeout=WALL_SECONDS,
        check=False,
    )
    return tuple(said.stdout.split())


@contextlib.contextmanager
def turn() -> Iterator[None]:
    """Wait for one of the few turns of costly work on somebody's file, but neither in a long queue nor for long.

    :raises UnreadablePfx: ``BUSY``
    """
    if not _places.acquire(blocking=False):
        raise UnreadablePfx(Problem.BUSY)
    try:
        if not _turns.acquire(timeout=WAIT_SECONDS):
            raise UnreadablePfx(Problem.BUSY)
        try:
            yield
        finally:
            _turns.release()
    finally:
        _places.release()


def _pfx_of(request: Secret) -> Pfx:
    found = _ask_child(request)
    assert isinstance(found, Pfx)  # noqa: S101 - the answer to such a request
    return found


def _told(now: datetime | None) -> bytes:
    return (now or datetime.now(UTC)).isoformat().encode()


def _ask_child(request: Secret) -> Pfx | list[bytes] | tuple[Secret, bytes]:
    """Return what the child found or made, once it is this thread's turn."""
    try:
        with turn():
            return wire.understand(_ask(request))
    except wire.ChildFailed as failure:
        _log.error("A file could not be opened, or a key not be made, for a reason nobody expected: %s", failure)
        raise UnreadablePfx(Problem.DAMAGED) from None
    except (OSError, MemoryError) as error:  # no room for another process; not chained: its frames hold the password
        _log.error("A file could not be opened, or a key not be made: %s", type(error).__name__)
        raise UnreadablePfx(Problem.BUSY) from None


def _ask(request: Secret) -> bytes:
    """Start the child, hand it *request* and return its answer. It is gone when this returns.

    :raises UnreadablePfx: ``TOO_MUCH_WORK``, if it met a limit
    """
    # stderr is dropped: a panic of the native library prints the password there.
    with subprocess.Popen(  # noqa: S603 - a fixed command
        [*_COMMAND, str(os.getpid())], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=_ROOT, env={}
    ) as child:
        try:
            answer, _ = child.communicate(request.value, timeout=WALL_SECONDS)
        except subprocess.TimeoutExpired:
            raise UnreadablePfx(Problem.TOO_MUCH_WORK) from None
        finally:
            child.kill()
    if child.returncode < 0:  # a limit, or a crash for want of memory
        raise UnreadablePfx(Problem.TOO_MUCH_WORK)
    return answer
