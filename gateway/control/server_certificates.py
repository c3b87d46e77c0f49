"""Which certificate the gateway shows for which host name, and the resources that this amounts to."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from certificates.identity import Identity
from certificates.models import ServerCertificate
from certificates.sealing import SealingError
from gateway.compile import Resource, Served, compile_https, compile_server_certificate
from gateway.streams.stream import Key
from portal.models import Activity

log = logging.getLogger(__name__)

KIND = "server-certificate"  # of its activity lines


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry as far as the gateway goes."""

    identity: Identity
    names: tuple[str, ...]
    since: datetime  # its version is current


class ServerCertificates:
    """The server certificates, by the ids of their entries. Used by one thread."""

    def __init__(self) -> None:
        """Begin with none."""
        self._entries: dict[int, _Entry] = {}
        self._compiled: object = None  # what the resources were last made from
        self._sent: frozenset[Key] = frozenset()

    def take(self, rows: Iterable[ServerCertificate], *, named: Collection[int] = ()) -> None:
        """Take *rows* in; of the entries *named*, those that are not among them are gone."""
        for pk in named:
            self._entries.pop(pk, None)
        for row in rows:
            if entry := _read(row):
                self._entries[row.pk] = entry

    def compile(self, asks: Callable[[Collection[str]], bool]) -> tuple[list[Resource], list[Key]]:
        """Return the resources as they shall be, and those that are gone; nothing if they are as they were.

        :param asks: tells whether an API that may be called under any of these host names (none: any name) wants callers' certificates
        """
        served = self._served(asks)
        source = (served, [self._entries[one.certificate_id] for one in served])
        if source == self._compiled:
            return [], []
        self._compiled = source
        secrets = [compile_server_certificate(one.certificate_id, self._entries[one.certificate_id].identity) for one in served]
        resources = [*secrets, *compile_https(served)]
        before, self._sent = self._sent, frozenset((one.type_url, one.name) for one in resources)
        return resources, sorted(before - self._sent)

    @property
    def resources(self) -> frozenset[Key]:
        """The resources that a change of any concerns: which is shown for what depends on all."""
        return self._sent

    def _served(self, asks: Callable[[Collection[str]], bool]) -> list[Served]:
        """Return who is shown for what. A name in several goes to the one that became current last; the oldest entry gets the rest."""
        if not self._entries:
            return []
        rest = min(self._entries)
        taken: set[str] = set()
        served = []
        for pk, entry in sorted(self._entries.items(), key=lambda item: (item[1].since, item[0]), reverse=True):
            names = tuple(name for name in entry.names if name not in taken)
            taken.update(names)
            if names or pk == rest:
                served.append(Served(certificate_id=pk, hosts=names, rest=pk == rest, asks=asks(() if pk == rest else names)))
        return served


def rows() -> QuerySet[ServerCertificate]:
    """Return the entries with what :meth:`ServerCertificates.take` needs."""
    return ServerCertificate.objects.filter(current__isnull=False).select_related("current").order_by("pk")


def named_by(lines: Sequence[Activity]) -> set[int]:
    """Return the ids of the entries that *lines* concern."""
    return {int(line.subject_id) for line in lines if line.kind == KIND}


def _read(row: ServerCertificate) -> _Entry | None:
    """Return the entry; ``None`` if its private key does not open, which the log tells: its hosts have another certificate, or none."""
    assert row.current is not None  # noqa: S101 - rows() leaves out those without
    try:
        since = row.current.current_since or row.current.created_at
        return _Entry(identity=row.current.identity(), names=row.current.path[0].host_names, since=since)
    except SealingError as damaged:
        log.error("The server certificate %s is not shown to callers: %s", row.name, damaged)  # noqa: TRY400 - the sentence says it all
        return None
