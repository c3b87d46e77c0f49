"""Certificate entries as they are now, and what each API presents of them."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from apis.models import Api
from certificates.identity import Identity
from certificates.models import CertificateVersion, ClientCertificate
from certificates.sealing import SealingError
from gateway.control.index import Prepared


class Shown(NamedTuple):
    """What an API presents."""

    entry: ClientCertificate
    version: CertificateVersion
    identity: Identity


class Entries:
    """Certificate entries as they are now, unsealed once for all APIs that present them."""

    def __init__(self, ids: Collection[int]) -> None:
        """Read the entries of these *ids*, and which APIs stay with another version of theirs."""
        found = ClientCertificate.objects.filter(pk__in=ids).select_related("current", "ahead").order_by() if ids else ()
        self._entries = {one.pk: one for one in found}
        staying = Api.objects.filter(certificate__in=ids, stays_with__isnull=False).order_by() if ids else Api.objects.none()
        self._staying = set(staying.values_list("pk", flat=True))
        self._identities: dict[object, Identity] = {}

    def shown_by(self, api: Prepared) -> Shown | None:
        """Return what *api* presents by now; ``None`` if all of it has to be read.

        That is so where it refuses its calls, stays with a version of its own, or a key does not open.
        """
        entry = self._entries.get(api.certificate or 0)
        version = entry.presented_by(api.policy.api) if entry and api.forwards and api.policy.api_id not in self._staying else None
        if entry is None or version is None:
            return None
        try:
            return Shown(entry, version, identity_of(version, self._identities))
        except SealingError:
            return None


def identity_of(version: CertificateVersion, known: dict[object, Identity]) -> Identity:
    """Return the identity of *version*, from what is *known* of versions by id, which learns it.

    :raises certificates.sealing.SealingError: if its key does not open
    """
    if version.pk not in known:
        known[version.pk] = version.identity()
    return known[version.pk]
