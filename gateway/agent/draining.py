"""Ends what is still open of deleted APIs and of certificates that were replaced, once it has had its time. [pure]

Envoy lets open calls of a cluster that is gone finish, whenever that is, and has no means to end them. Their sockets do: each bears a mark
(:mod:`gateway.marks`), and the supervisor, as Envoy's parent, may take part in its child's sockets (``pidfd_getfd``, Linux 5.6) and shut
down those whose mark no cluster has any more. Calls in general pay nothing: it looks at sockets only when clusters have changed.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import socket
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gateway.marks import LEVEL, OPTION, api_of

_LIBC = ctypes.CDLL(None, use_errno=True)
_PIDFD_GETFD = 438  # the number of the system call, on every architecture
_CHANGES = "/stats?filter=^cluster_manager.cluster_(modified|removed)$"
_CLUSTERS = "/config_dump?resource=dynamic_active_clusters&name_regex=^api-({})$"
_REFUSALS = (errno.EPERM, errno.ENOSYS, errno.EACCES)
_AT_ONCE = 200  # APIs asked for in one question; their clusters hold certificates


class NotAllowed(Exception):
    """This system does not let the supervisor take part in Envoy's sockets."""


@dataclass(slots=True)
class Draining:
    """Which marks no cluster has any more, and since when.

    :ivar seconds: how long what is open may go on
    :ivar ask: asks Envoy's admin page; ``None``: no answer
    """

    seconds: float
    ask: Callable[[str], str | None]
    _changes: str | None = None
    _ends_at: dict[int, float] = field(default_factory=dict)  # by mark

    def is_due(self, now: float) -> bool:
        """Return whether something has had its time, by a monotonic clock."""
        return any(end <= now for end in self._ends_at.values())

    def look(self, envoy: int, *, now: float) -> None:
        """Note what has changed, and end what has had its time.

        :param envoy: the process
        :param now: a monotonic clock, in seconds
        :raises NotAllowed: if its sockets cannot be had
        """
        changes = self.ask(_CHANGES)
        if changes is None or (changes == self._changes and not self.is_due(now)):
            return
        sockets = list(_marked_sockets(envoy))
        try:
            open_now = {mark for mark, _ in sockets}
            if (in_force := self._in_force(open_now)) is None:
                return
            self._changes = changes
            gone = open_now - in_force
            self._ends_at = {mark: self._ends_at.get(mark, now + self.seconds) for mark in gone}
            for mark, one in sockets:
                if mark in gone and self._ends_at[mark] <= now:
                    with contextlib.suppress(OSError):  # it has ended meanwhile
                        one.shutdown(socket.SHUT_RDWR)
        finally:
            for _, one in sockets:
                one.close()

    def _in_force(self, marks: Collection[int]) -> set[int] | None:
        """Return the marks that the clusters of the same APIs have now, ``None`` if Envoy does not answer."""
        apis = sorted({str(api_of(mark)) for mark in marks})
        found: set[int] = set()
        for start in range(0, len(apis), _AT_ONCE):
            if (answer := self.ask(_CLUSTERS.format("|".join(apis[start : start + _AT_ONCE])))) is None:
                return None
            for config in json.loads(answer).get("configs", []):
                options = config["cluster"].get("upstream_bind_config", {}).get("socket_options", [])
                found.update(int(option["int_value"]) for option in options)
        return found


def _marked_sockets(process: int) -> Iterator[tuple[int, socket.socket]]:
    """Yield the sockets of *process* that bear a mark, with it; each is ours, too, until it is closed."""
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        return
    try:
        for number in _sockets_of(process):
            if (one := _shared(handle, number)) is None:
                continue
            mark = _mark_on(one)
            if api_of(mark) is None:
                one.close()
            else:
                yield mark, one
    finally:
        os.close(handle)


def _sockets_of(process: int) -> Iterator[int]:
    try:
        entries = list(Path(f"/proc/{process}/fd").iterdir())
    except FileNotFoundError:  # it has ended
        return
    except PermissionError as error:
        raise NotAllowed(os.strerror(errno.EPERM)) from error
    for entry in entries:
        with contextlib.suppress(OSError):  # it was closed meanwhile
            if str(entry.readlink()).startswith("socket:"):
                yield int(entry.name)


def _shared(handle: int, number: int) -> socket.socket | None:
    """Return a socket of another process as one of ours; ``None`` if it is closed by now.

    :raises NotAllowed: if the system does not let us
    """
    found = _LIBC.syscall(_PIDFD_GETFD, handle, number, 0)
    if found >= 0:
        return socket.socket(fileno=found)
    if (error := ctypes.get_errno()) in _REFUSALS:
        raise NotAllowed(os.strerror(error))
    return None


def _mark_on(one: socket.socket) -> int:
    try:
        return one.getsockopt(LEVEL, OPTION) if one.family in {socket.AF_INET, socket.AF_INET6} else 0
    except OSError:
        return 0
