"""Whether a portal's database is whole, and what its gateways should have: everything compiled anew. Needs Django to be set up.

A gateway that has these versions, and no other resources, is equal to the database, whatever has happened on the way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from django.conf import settings
from django.db.models import F

from apis.models import Api, BasicCredentials, SubscriptionKey
from apis.policy.model import Protocol
from certificates.models import Certificate, CertificateVersion
from certificates.sealing import SealingError
from gateway.compile import GatewayListener
from gateway.control.alpn import BackEnd, Handshakes
from gateway.control.snapshot import Snapshot
from gateway.control.status_queue import StatusQueue
from gateway.streams.cache import Update
from portal.activity import feed
from portal.activity.verification import verify

Versions = dict[str, dict[str, str]]  # by type, the versions of the resources by name


def wanted() -> Versions:
    """Return what a gateway should have by now. The back ends are taken to choose HTTP/2, as those of benchmarks do."""
    handshakes = Handshakes(allowed=settings.ALLOWED_BACKEND_NETWORKS)
    snapshot = Snapshot(GatewayListener(host=settings.GATEWAY_HOST, port=settings.GATEWAY_PORT), StatusQueue(), handshakes)
    updates = [snapshot.load(feed.last_line())]
    for backend in {api.policy().backend for api in Api.objects.all() if api.has_backend}:
        if backend.http is Protocol.AUTO:
            handshakes.told(BackEnd(backend.host, backend.port))
    return _versions([*updates, *([learned] if (learned := snapshot.learn()) else [])])


def faults() -> list[str]:
    """Return a sentence for each thing that is half written, or does not belong to the rest."""
    return [*(finding.sentence for finding in verify().findings), *_without_version(), *_does_not_open()]


def state() -> dict[str, str]:
    """Return what publishers have last written, under the names that :mod:`benchmarks.faults.writers` gives it."""
    certificates = Certificate.objects.exclude(current=None).values_list("name", "current__thumbprint")
    apis = Api.objects.values_list("name", "description", "certificate__name")
    keys = SubscriptionKey.objects.filter(kind="primary").select_related("subscription")
    return {
        **{f"certificate {name}": thumbprint.lower() for name, thumbprint in certificates},
        **{f"description of {name}": description for name, description, _ in apis},
        **{f"certificate of {name}": certificate or "" for name, _, certificate in apis},
        **{f"key of {key.subscription.name}": key.unseal().value.decode() for key in keys},
    }


def _versions(updates: list[Update]) -> Versions:
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for update in updates:
        for resource in update.resources:
            found[resource.type_url.rpartition(".")[2]][resource.name] = resource.version
    return dict(found)


def _without_version() -> Iterator[str]:
    for entry in Certificate.objects.filter(current=None, source=None):
        yield f"The certificate {entry} has no version."
    for entry in Certificate.objects.exclude(current=None).exclude(current__certificate=F("pk")):
        yield f"The current version of the certificate {entry} is another entry's."


def _does_not_open() -> Iterator[str]:
    for kind in (CertificateVersion, SubscriptionKey, BasicCredentials):
        for row in kind.objects.all():
            try:
                row.unseal()
            except SealingError as error:
                yield f"{kind.__name__} {row.pk}: {error}"
