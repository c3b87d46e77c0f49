"""Many callers over kept connections, each of whose calls has a number that the back end can write down: what is lost, what comes twice.

Half of the calls have a body (``POST``), the other half have none (``GET``) and may be sent twice.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import servers

SILENT_SECONDS = 30.0
_NUMBER = re.compile(rb"call=(\d+)")
_CONNECTION = re.compile(rb"connection=(\d+)")
_BODY = b"x" * 100


@dataclass(slots=True)
class Outcome:
    """What became of the calls to one back end."""

    calls: int = 0
    lost: int = 0
    lost_safe: int = 0  # of those without a body, which may be sent twice
    twice: int | None = None  # None: the back end does not tell
    words: Counter[str] = field(default_factory=Counter)  # what callers read
    kinds: set[str] = field(default_factory=set)


def make_calls(port: int, targets: Sequence[str], *, callers: int, calls: int, key: str = "") -> Outcome:
    """Call the gateway at *port* and return what became of the calls.

    :param targets: what is called, in turns; the number of the call becomes its query
    :param key: the subscription key that each call carries; empty: none
    """
    return asyncio.run(_calls(_Calling(port, targets, key, Outcome()), callers, calls))


def sent_twice(*logs: Path) -> int | None:
    """Return how many calls the back end has noted more than once; ``None`` if it notes none."""
    noted: Counter[bytes] = Counter()
    for log in logs:
        if log.is_file():
            noted.update(_NUMBER.findall(log.read_bytes()))
    return sum(times > 1 for times in noted.values()) if noted else None


def connections(log: Path) -> int:
    """Return over how many connections the back end has noted calls."""
    return len(set(_CONNECTION.findall(log.read_bytes())))


@dataclass(slots=True)
class _Calling:
    """What all callers share."""

    port: int
    targets: Sequence[str]
    key: str
    outcome: Outcome

    def request(self, number: int) -> bytes:
        """Return a call as HTTP/1.1 writes it."""
        body = _BODY if number % 2 else b""
        target = f"{self.targets[number % len(self.targets)]}?call={number}"
        key = f"Ocp-Apim-Subscription-Key: {self.key}\r\n" if self.key else ""
        method = "POST" if body else "GET"
        return f"{method} {target} HTTP/1.1\r\nHost: gateway\r\n{key}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def _calls(calling: _Calling, callers: int, calls: int) -> Outcome:
    numbers = iter(range(calls))
    await asyncio.gather(*(_caller(calling, numbers) for _ in range(callers)))
    return calling.outcome


async def _caller(calling: _Calling, numbers: Iterator[int]) -> None:
    """Call over one connection, the next call as soon as the last one is answered."""
    outcome = calling.outcome
    reader, writer = await asyncio.open_connection(servers.HOST, calling.port)
    for number in numbers:
        outcome.calls += 1
        writer.write(calling.request(number))
        try:
            status, kind, answer = await asyncio.wait_for(_answer(reader), SILENT_SECONDS)
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            outcome.lost += 1
            outcome.lost_safe += number % 2 == 0
            outcome.words[f"no answer ({type(error).__name__})"] += 1
            writer.close()
            reader, writer = await asyncio.open_connection(servers.HOST, calling.port)
            continue
        if status != 200:
            outcome.lost += 1
            outcome.lost_safe += number % 2 == 0
            outcome.kinds.add(kind)
            outcome.words[_words(status, answer)] += 1
    writer.close()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, str, bytes]:
    """Return status, kind of failure and body of the next answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head.split("\r\n")[1:])}
    if "chunked" in headers.get("transfer-encoding", ""):
        body = b""
        while size := int(await reader.readline(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
    else:
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    return int(head.split()[1]), headers.get("x-failure-kind", ""), body


def _words(status: int, answer: bytes) -> str:
    found = re.search(rb'"message": "([^"]*)"', answer)
    return found[1].decode() if found else f"the back end's own {status}"
