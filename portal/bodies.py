"""Receiving the body of a request before anything else is done for it: bounded in size, in time and in how many at once. [pure]

Nobody is known while a body comes in, so everybody gets the little that a sign-in needs; whoever asks for more is looked up.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

Receive = Callable[[], Awaitable[dict[str, Any]]]
Lookup = Callable[[], Awaitable[bool]]

_DRAIN_SECONDS = 5.0


class Gone(Exception):
    """The body ends before its end: the caller has left, or sends what cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What came in.

    :ivar refused: 408 or 413, if it was not kept: too slow or too large for this caller
    :ivar ended: whether it was read to its end, so that the connection can be used again
    """

    content: bytes = b""
    refused: HTTPStatus | None = None
    ended: bool = True


class Share:
    """A bounded number of bodies that may come in at once; a newcomer takes the place of the one that has been coming in for longest."""

    def __init__(self, *, most: int, size: int, seconds: float) -> None:
        """Let *most* come in at once, each of at most *size* bytes and within *seconds*."""
        self.size = size
        self._most = most
        self._seconds = seconds
        self._deadlines: dict[asyncio.Timeout, None] = {}  # in the order of arrival

    @contextlib.asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Hold a place.

        :raises TimeoutError: where it is held, when the time is over or a newcomer needs the place
        """
        if len(self._deadlines) >= self._most:
            oldest = next(iter(self._deadlines))
            del self._deadlines[oldest]
            oldest.reschedule(asyncio.get_running_loop().time())
        async with asyncio.timeout(self._seconds) as deadline:
            self._deadlines[deadline] = None
            try:
                yield
            finally:
                self._deadlines.pop(deadline, None)


class Bodies:
    """The two shares: of anybody, and of callers who are known."""

    def __init__(self, *, anybody: Share, known: Share) -> None:
        """Bound what comes in."""
        self._anybody = anybody
        self._known = known

    async def collect(self, receive: Receive, *, declared: int, is_known: Lookup) -> Body:
        """Return the body that *receive* (ASGI's) brings.

        :param declared: the length that the caller has told, 0 if none
        :param is_known: looks the caller up; asked only for what is more than anybody may send
        :raises Gone: if the caller leaves meanwhile
        """
        incoming = _Incoming(receive)
        try:
            refused = await self._refusal(incoming, declared, is_known)
            if refused is HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                await incoming.drain(most=self._known.size)
            return Body(content=b"" if refused else bytes(incoming.content), refused=refused, ended=incoming.ended)
        finally:
            incoming.leave()

    async def _refusal(self, incoming: _Incoming, declared: int, is_known: Lookup) -> HTTPStatus | None:
        refused = await _read(incoming, self._anybody, declared)
        if refused is None or not await is_known():
            return refused
        return await _read(incoming, self._known, declared)


async def _read(incoming: _Incoming, share: Share, declared: int) -> HTTPStatus | None:
    """Read on to the end; return why that may not be."""
    if declared > share.size:
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    try:
        async with share.place():
            whole = await incoming.read(most=share.size)
    except TimeoutError:
        return HTTPStatus.REQUEST_TIMEOUT
    return None if whole else HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class _Incoming:
    """A body on its way in. What is under way when the time for it is over is not lost: whoever reads on gets it."""

    def __init__(self, receive: Receive) -> None:
        self.content = bytearray()
        self.ended = False
        self._receive = receive
        self._next: asyncio.Future[dict[str, Any]] | None = None

    async def read(self, *, most: int) -> bool:
        """Read to the end; return false as soon as there is more than *most*."""
        while not self.ended and len(self.content) <= most:
            self.content += await self._piece()
        return len(self.content) <= most

    async def drain(self, *, most: int) -> None:
        """Read on without keeping anything, so that the caller reads the answer instead of meeting a closed connection."""
        self.content.clear()
        drained = 0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_SECONDS):
                while not self.ended and drained <= most:
                    drained += len(await self._piece())

    def leave(self) -> None:
        """Wait for nothing any more."""
        if self._next:
            self._next.cancel()

    async def _piece(self) -> bytes:
        self._next = self._next or asyncio.ensure_future(self._receive())
        message = await asyncio.shield(self._next)
        self._next = None
        if message["type"] == "http.disconnect":
            raise Gone
        self.ended = not message.get("more_body", False)
        return bytes(message.get("body", b""))
