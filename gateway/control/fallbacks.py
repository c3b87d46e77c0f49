"""What stands in for an API's cluster that a gateway refuses: the same cluster with an earlier version of the certificate.

A new version that a gateway does not load must not take its APIs down: the version before stays in force. The cluster that a running
Envoy has would do, until it is restarted or the API is changed otherwise, so the control plane makes one. It is made only once it is
needed: compiling every cluster twice would make every switch slower for the sake of one that fails.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Mapping
from functools import cached_property
from uuid import UUID

from django.db.models import QuerySet, Window
from django.db.models.functions import RowNumber

from apis.policy.model import Policy
from certificates.models import Certificate, CertificateVersion
from certificates.sealing import SealingError
from gateway.compile import Resource, compile_cluster
from gateway.streams.stream import Key

log = logging.getLogger(__name__)

_MOST = 3  # earlier versions of an entry, should a gateway refuse several; the one that was current last is tried first
# Every switch waits for the query.
_NEEDED = ("certificate", "number", "der", "chain", "ring_key", "wrapped_key", "ciphertext", "destroyed_at")
_LATEST_FIRST = ("-current_since", "-number")


class Fallback:
    """An API's cluster with an earlier version of its certificate."""

    def __init__(self, policy: Policy, version: CertificateVersion) -> None:
        """Hold what it is made from."""
        self._policy = policy
        self._version = version

    @property
    def certificate_version(self) -> UUID:
        """The id of the version that it presents."""
        return self._version.pk

    @cached_property
    def resource(self) -> Resource | None:
        """The cluster; ``None`` if the version's private key does not open."""
        try:
            return compile_cluster(self._policy, self._version.identity())[-1]
        except SealingError as error:
            log.warning("Version %d cannot stand in at the API %s: %s", self._version.number, self._policy.api, error)
            return None


Earlier = Mapping[int, tuple[CertificateVersion, ...]]  # by certificate
Fallbacks = Mapping[Key, tuple[Fallback, ...]]  # the best first


def earlier_versions(entries: Collection[Certificate]) -> Earlier:
    """Return the versions that may stand in for the current ones of *entries*, the latest current one first."""
    if not entries:
        return {}
    with_key = CertificateVersion.objects.filter(certificate__in=entries, destroyed_at=None, current_since__isnull=False)
    others = with_key.exclude(pk__in=[one.current_id for one in entries if one.current_id])
    found: defaultdict[int, list[CertificateVersion]] = defaultdict(list)
    for version in _latest(others.order_by(*_LATEST_FIRST), one_entry=len(entries) == 1).only(*_NEEDED):
        found[version.certificate_id].append(version)
    return {certificate: tuple(versions) for certificate, versions in found.items()}


def _latest(versions: QuerySet[CertificateVersion], *, one_entry: bool) -> QuerySet[CertificateVersion]:
    """Return the first few *versions* of each entry; of one entry, as in every switch, in half the time."""
    if one_entry:
        return versions[:_MOST]
    place = Window(RowNumber(), partition_by="certificate", order_by=_LATEST_FIRST)
    chosen = versions.annotate(place=place).filter(place__lte=_MOST).values("pk")
    return CertificateVersion.objects.filter(pk__in=chosen).order_by(*_LATEST_FIRST)


def fallbacks_of(policy: Policy, entry: Certificate | None, presented: CertificateVersion | None, earlier: Earlier) -> tuple[Fallback, ...]:
    """Return what may stand in for the cluster of an API, the best first: for a canary's, the version that the others present.

    :param entry: the certificate of the API
    :param presented: the version of it that it presents
    """
    if entry is None:
        return ()
    versions = earlier.get(entry.pk, ())
    if entry.current and presented != entry.current:
        versions = (entry.current, *(one for one in versions if one != presented))
    return tuple(Fallback(policy, version) for version in versions)
