"""Callers that read every answer: which client certificate each call carried, when it began and ended, which ones failed.

They live in a process of their own and keep calling, each over one connection, the next call as soon as the last is answered.
Times are CLOCK_MONOTONIC, which all processes of a machine share. wrk is faster (benchmarks.wrk), but counts only.
"""

from __future__ import annotations

import bisect
import multiprocessing
import select
import socket
import time
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from benchmarks import servers
from benchmarks.backends import SEEN_HEADER

NOBODY = ""  # whom the back end saw where it saw nobody: the call did not reach it
BROKEN = 0  # the status of a call that got no answer, or half of one
_SILENT_SECONDS = 10.0
_MARK = f"\r\n{SEEN_HEADER}: ".encode()


@dataclass(frozen=True, slots=True)
class Request:
    """A call to make.

    :ivar key: the subscription key it carries; empty: none
    """

    path: str
    key: str = ""

    def raw(self, host: str) -> bytes:
        """Return it as HTTP/1.1 writes it."""
        key = f"Ocp-Apim-Subscription-Key: {self.key}\r\n" if self.key else ""
        return f"GET {self.path} HTTP/1.1\r\nHost: {host}\r\n{key}\r\n".encode()


@dataclass(frozen=True, slots=True)
class Call:
    """What became of one call.

    :ivar request: its position in the list of requests
    :ivar began: and *ended*, seconds, CLOCK_MONOTONIC
    :ivar status: of the answer; :data:`BROKEN` if there was none
    :ivar seen: whose client certificate the back end saw, a thumbprint in lower case, or :data:`NOBODY`
    """

    request: int
    began: float
    ended: float
    status: int
    seen: str


@dataclass(slots=True)
class Calls:
    """Very many calls, in the order in which they ended."""

    requests: array[int] = field(default_factory=lambda: array("I"))
    began: array[float] = field(default_factory=lambda: array("d"))
    ended: array[float] = field(default_factory=lambda: array("d"))
    statuses: array[int] = field(default_factory=lambda: array("H"))
    seen: array[int] = field(default_factory=lambda: array("I"))
    thumbprints: list[str] = field(default_factory=lambda: [NOBODY])

    def __len__(self) -> int:
        """Return how many."""
        return len(self.began)

    def __getitem__(self, position: int) -> Call:
        """Return one."""
        thumbprint = self.thumbprints[self.seen[position]]
        return Call(self.requests[position], self.began[position], self.ended[position], self.statuses[position], thumbprint)

    def __iter__(self) -> Iterator[Call]:
        """Yield them all."""
        return map(self.__getitem__, range(len(self)))

    def ended_between(self, start: float, end: float) -> Iterator[Call]:
        """Yield those that ended from *start* until before *end*."""
        return map(self.__getitem__, range(bisect.bisect_left(self.ended, start), bisect.bisect_left(self.ended, end)))

    def latencies(self) -> list[float]:
        """Return how long each took, in seconds."""
        return [end - start for start, end in zip(self.began, self.ended, strict=True)]


class Callers:
    """Callers that are calling."""

    def __init__(self, port: int, requests: Sequence[Request], *, number: int, pause: float = 0.0) -> None:
        """Start calling *port* of the loopback address.

        :param requests: each caller goes round them, beginning at another one
        :param number: how many callers, each with a connection of its own
        :param pause: seconds between an answer and the caller's next call
        """
        context = multiprocessing.get_context("spawn")  # forking would copy whatever threads we have
        self._here, there = context.Pipe()
        self._process = context.Process(target=_run, args=(there, port, tuple(requests), number, pause), daemon=True)
        self._process.start()
        there.close()
        self._here.recv()  # they have begun

    def count(self) -> int:
        """Return how many calls have ended so far."""
        self._here.send("count")
        number: int = self._here.recv()
        return number

    def stop(self) -> Calls:
        """Let the calls in flight end and return what became of all."""
        self._here.send("stop")
        calls: Calls = self._here.recv()
        self._process.join()
        return calls


@contextmanager
def calling(port: int, requests: Sequence[Request], *, number: int, pause: float = 0.0) -> Iterator[Calls]:
    """Call as :class:`Callers` do while the block runs; what became of the calls can be read after it."""
    calls = Calls()
    callers = Callers(port, requests, number=number, pause=pause)
    try:
        yield calls
    finally:
        found = callers.stop()
        for name in Calls.__slots__:
            setattr(calls, name, getattr(found, name))


def call_once(port: int, request: Request, *, timeout: float = _SILENT_SECONDS) -> Call:
    """Make one call over a new connection."""
    began = time.monotonic()
    answer = b""
    with suppress(OSError), socket.create_connection((servers.HOST, port), timeout=timeout) as connection:
        connection.sendall(request.raw(f"{servers.HOST}:{port}"))
        while not _is_whole(answer) and (more := connection.recv(65536)):
            answer += more
    status = int(answer[9:12]) if _is_whole(answer) else BROKEN
    return Call(0, began, time.monotonic(), status, _seen(answer).decode())


def _run(control: Connection, port: int, requests: Sequence[Request], number: int, pause: float) -> None:
    raw = [request.raw(f"{servers.HOST}:{port}") for request in requests]
    loop = _Loop(port, raw, pause)
    for caller in range(number):
        loop.add(_Caller(caller * len(raw) // number))
    control.send("started")
    asked = ""
    while asked != "stop":
        loop.turn()
        asked = control.recv() if control.poll() else ""
        if asked == "count":
            control.send(len(loop.calls))
    loop.finish()
    control.send(loop.calls)


@dataclass(slots=True)
class _Caller:
    """One caller and its connection."""

    next_request: int
    connection: socket.socket | None = None
    waiting: bool = False  # for an answer
    request: int = 0
    began: float = 0.0
    answer: bytes = b""


class _Loop:
    """All callers of the process on one epoll: no thread, no framework, so that what is measured is the other side."""

    def __init__(self, port: int, raw: Sequence[bytes], pause: float) -> None:
        self.calls = Calls()
        self._port = port
        self._raw = raw
        self._pause = pause
        self._ending = False
        self._poll = select.epoll()
        self._connected: dict[int, _Caller] = {}
        self._pausing: list[tuple[float, _Caller]] = []  # in the order in which their pauses end
        self._known: dict[bytes, int] = {b"": 0}
        self._looked_for_silence = 0.0

    def add(self, caller: _Caller) -> None:
        """Let *caller* begin."""
        self._call(caller)

    def turn(self) -> None:
        """Wait for what happens next, at most a few milliseconds, and react."""
        for number, _event in self._poll.poll(0.001 if self._pausing else 0.02):
            self._receive(self._connected[number])
        now = time.monotonic()
        while self._pausing and self._pausing[0][0] <= now:
            self._call(self._pausing.pop(0)[1])
        if now - self._looked_for_silence > 1:
            self._looked_for_silence = now
            for caller in list(self._connected.values()):
                if caller.waiting and now - caller.began > _SILENT_SECONDS:
                    self._broken(caller)

    def finish(self) -> None:
        """Wait for the answers that are due, without calling again."""
        self._ending = True
        self._pausing.clear()
        while any(caller.waiting for caller in self._connected.values()):
            self.turn()

    def _call(self, caller: _Caller) -> None:
        caller.request = caller.next_request
        caller.next_request = (caller.next_request + 1) % len(self._raw)
        caller.answer = b""
        caller.began = time.monotonic()
        caller.waiting = True
        try:
            if caller.connection is None:
                caller.connection = socket.create_connection((servers.HOST, self._port), timeout=_SILENT_SECONDS)
                caller.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._connected[caller.connection.fileno()] = caller
                self._poll.register(caller.connection, select.EPOLLIN)
            caller.connection.sendall(self._raw[caller.request])
        except OSError:
            self._broken(caller)

    def _receive(self, caller: _Caller) -> None:
        assert caller.connection is not None
        try:
            more = caller.connection.recv(65536)
        except OSError:
            more = b""
        if not caller.waiting:
            self._hang_up(caller)  # the other side has closed a connection on which nothing was asked
        elif not more:
            self._broken(caller)
        else:
            caller.answer = answer = caller.answer + more if caller.answer else more
            if _is_whole(answer):
                self._note(caller, int(answer[9:12]), _seen(answer))
                if b"\r\nconnection: close" in answer.lower():
                    self._hang_up(caller)
                self._again(caller, self._pause)

    def _broken(self, caller: _Caller) -> None:
        self._note(caller, BROKEN, b"")
        self._hang_up(caller)
        self._again(caller, max(self._pause, 0.001))  # nobody listens perhaps; do not spin

    def _note(self, caller: _Caller, status: int, seen: bytes) -> None:
        caller.waiting = False
        calls = self.calls
        if (number := self._known.get(seen)) is None:
            number = self._known[seen] = len(calls.thumbprints)
            calls.thumbprints.append(seen.decode())
        calls.requests.append(caller.request)
        calls.began.append(caller.began)
        calls.ended.append(time.monotonic())
        calls.statuses.append(status)
        calls.seen.append(number)

    def _hang_up(self, caller: _Caller) -> None:
        if caller.connection is not None:
            del self._connected[caller.connection.fileno()]
            caller.connection.close()  # which also takes it out of the epoll
            caller.connection = None

    def _again(self, caller: _Caller, pause: float) -> None:
        """Let *caller* call again after *pause* seconds."""
        if self._ending:
            return
        if pause:
            bisect.insort(self._pausing, (time.monotonic() + pause, caller), key=lambda due: due[0])
        else:
            self._call(caller)


def _is_whole(answer: bytes) -> bool:
    """Return whether *answer* holds its head and as many bytes of a body as the head says."""
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return False
    head = answer[: end + 2].lower()
    start = head.find(b"\r\ncontent-length: ")
    length = int(head[start + 18 : head.index(b"\r\n", start + 18)]) if start >= 0 else 0
    return len(answer) >= end + 4 + length


def _seen(answer: bytes) -> bytes:
    """Return the thumbprint that the back end has put into the answer's head, which is whole."""
    start = answer.find(_MARK)
    return answer[start + len(_MARK) : answer.find(b"\r", start + len(_MARK))] if start >= 0 else b""
