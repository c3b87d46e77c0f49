"""Every kind of write, all the time, from outside; of each place it is known what may stand there: the last acknowledged, or tried since.

A write whose answer never came was made or was not; it must not be half made. One that was acknowledged must not be lost.
"""

from __future__ import annotations

import itertools
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Self

from benchmarks.faults.client import Client
from benchmarks.plan import api_name, certificate_name, key_of, subscription_name
from benchmarks.stack import Stack
from kit.issuing import Issued, issue

WRITTEN_APIS = 4  # the first ones, which nobody calls
_KEPT = 2  # of what is made anew
_PAUSE_SECONDS = 0.02
_SEEN_WITHIN_SECONDS = 60.0


@dataclass(slots=True)
class Place:
    """What may stand in one place; ``None``: nothing."""

    may_be: list[str | None]

    def write(self, value: str | None, do: Callable[[], bool]) -> None:
        """Write *value* by *do*, which returns whether that was acknowledged."""
        self.may_be.append(value)
        if do():
            self.may_be = [value]


@dataclass(slots=True)
class Writers:
    """Somebody for each kind of write; they write while the block runs.

    :ivar acknowledged: how many writes were
    """

    ours: Stack
    client: Client
    places: dict[str, Place] = field(default_factory=dict)
    acknowledged: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)
    _work: list[Future[None]] = field(default_factory=list)
    _kinds: list[Iterator[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Prepare what is written to."""
        self._kinds = [self._uploads(), self._replacements(), self._bindings(), self._settings(), self._keys(), self._apis(), self._files()]

    def __enter__(self) -> Self:
        """Begin."""
        self._stop.clear()
        pool = ThreadPoolExecutor(len(self._kinds))
        self._work = [pool.submit(self._keep_on, kind) for kind in self._kinds]
        return self

    def __exit__(self, *_: object) -> None:
        """Wait until everybody has got an answer, or none."""
        self._stop.set()
        for work in self._work:
            work.result()  # raises what has ended it

    def lost(self) -> list[str]:
        """Return a sentence for each place where something stands that may not; what other processes write gets its time."""
        deadline = time.monotonic() + _SEEN_WITHIN_SECONDS
        while (found := self._lost(self.ours.publisher.state())) and time.monotonic() < deadline:
            time.sleep(0.2)
        return found

    def _lost(self, state: Mapping[str, str]) -> list[str]:
        return [f"{name} is not as it was acknowledged." for name, place in self.places.items() if state.get(name) not in place.may_be]

    def _keep_on(self, kind: Iterator[None]) -> None:
        while not self._stop.is_set():
            next(kind)
            self._stop.wait(_PAUSE_SECONDS)

    def _write(self, place: str, value: str | None, do: Callable[[], bool], *, before: str | None = None) -> None:
        self.places.setdefault(place, Place([before])).write(value, lambda: self._counted(do()))

    def _counted(self, acknowledged: bool) -> bool:
        self.acknowledged += acknowledged
        return acknowledged

    def _uploads(self) -> Iterator[None]:
        """Make certificates, and delete them."""
        for number in itertools.count():
            name, issued = f"made-{number}", self._issue("made")
            self._write(f"certificate {name}", issued.thumbprint.lower(), partial(self.client.upload, name, issued))
            yield
            if number >= _KEPT:
                gone = f"made-{number - _KEPT}"
                self._write(f"certificate {gone}", None, partial(self.client.delete, f"certificates/{gone}"))
                yield

    def _replacements(self) -> Iterator[None]:
        """Replace a certificate that an API presents, by its page."""
        name, before = certificate_name(1), self.ours.publisher.thumbprint(1)
        while True:
            issued = self._issue(name)
            self._write(f"certificate {name}", issued.thumbprint.lower(), partial(self.client.replace, name, issued), before=before)
            yield

    def _bindings(self) -> Iterator[None]:
        """Have an API present one certificate, then another."""
        api, before = api_name(2), certificate_name(2)
        for number in itertools.cycle((3, 2)):
            name = certificate_name(number)
            policy = f'<policies><inbound><base/><authentication-certificate certificate-id="{name}"/></inbound></policies>'
            put = partial(self.client.put, f"apis/{api}/policies/policy", {"value": policy, "format": "xml"})
            self._write(f"certificate of {api}", name, put, before=before)
            yield

    def _settings(self) -> Iterator[None]:
        """Change what an API says of itself."""
        api = api_name(3)
        while True:
            words = secrets.token_hex(8)
            self._write(f"description of {api}", words, partial(self.client.patch, f"apis/{api}", {"description": words}), before="")
            yield

    def _keys(self) -> Iterator[None]:
        """Exchange a subscription's key."""
        subscription = subscription_name(4)
        while True:
            key = secrets.token_hex(16)
            patch = partial(self.client.patch, f"subscriptions/{subscription}", {"primaryKey": key})
            self._write(f"key of {subscription}", key, patch, before=key_of(4))
            yield

    def _apis(self) -> Iterator[None]:
        """Make APIs, and delete them."""
        for number in itertools.count():
            name = f"made-{number}"
            properties = {"displayName": name, "path": name, "serviceUrl": self.ours.backend.url, "description": name}
            put = partial(self.client.put, f"apis/{name}", {**properties, "protocols": ["https"]})
            self._write(f"description of {name}", name, put)
            yield
            if number >= _KEPT:
                gone = f"made-{number - _KEPT}"
                self._write(f"description of {gone}", None, partial(self.client.delete, f"apis/{gone}"))
                yield

    def _files(self) -> Iterator[None]:
        """Put files into a watched place, from which the control plane renews an entry by itself; nobody acknowledges that."""
        folder = self.ours.home / "watched"
        folder.mkdir(exist_ok=True)
        file = folder / "watched.pem"
        self._put(file, self._issue("watched"))
        while not self.client.submit("security/client-certificates/watch/", {"name": "watched", "path": str(file)}):
            yield
        while True:
            issued = self._issue("watched")
            self._write("certificate watched", issued.thumbprint.lower(), partial(self._put, file, issued))
            for _ in range(10):
                yield

    @staticmethod
    def _put(file: Path, issued: Issued) -> bool:
        new = file.with_name("new")
        try:
            new.write_text(issued.pem + issued.key_pem)
        except OSError:  # no room: what was there stays
            return False
        new.replace(file)
        return True

    def _issue(self, name: str) -> Issued:
        return issue(name, by=self.ours.backend.authority)
