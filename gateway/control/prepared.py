"""One API on its way from rows to resources, and what is remembered of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Prefetch, QuerySet

from apis.models import Api, Operation
from apis.policies.surroundings import Surroundings, named_by
from apis.policy.model import AuthenticationCertificate, Backend, KeyCheck, OperationPattern, Policy, Sharing, Trust
from certificates.identity import Identity
from certificates.models import CertificateVersion, ClientCertificate
from certificates.sealing import SealingError
from gateway.compile import segment_of
from gateway.streams.stream import Key


@dataclass(frozen=True, slots=True)
class Prepared:
    """One API, compiled.

    :ivar keys: of its cluster and secrets
    :ivar certificate: the id of the entry that it presents
    :ivar forwards: whether its calls go on; else they are refused, because it has no back end or cannot prove itself to it
    """

    policy: Policy
    keys: frozenset[Key]
    certificate: int | None
    forwards: bool

    @property
    def routed(self) -> Policy:
        """The part of the policy that routes depend on."""
        whole = self.policy.backend
        backend = Backend(
            scheme=whole.scheme,
            host=whole.host,
            port=whole.port,
            path=whole.path,
            protocol=whole.http,
            offers_http2=whole.offers_http2,
            trust=Trust(),
            sharing=Sharing(addresses=whole.addresses) if whole.sharing else None,
        )
        shown = AuthenticationCertificate(certificate_id="", thumbprint="") if self.policy.presents_certificate else None  # whichever
        inbound = tuple(rule for rule in (self.policy.cors, self.policy.caller_certificate, shown) if rule)
        return dataclasses.replace(self.policy, inbound=inbound, backend=backend)

    @property
    def segment(self) -> str:
        """The first segment of its path."""
        return segment_of(self.policy.path)


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


def rows() -> QuerySet[Api]:
    """Return all APIs with what their policies and clusters are made of."""
    related = ("certificate__current", "certificate__ahead", "stays_with", "basic_credentials", "sharedsecret", "back_end")
    operations = Prefetch("operations", Operation.objects.order_by())  # a policy has an order of its own
    return Api.objects.select_related(*related).prefetch_related(operations).order_by("pk")


def closed_policy(api: Api, around: Surroundings) -> Policy:
    """Return the policy of an API whose own cannot be told, as far as its routes go: they lead to a refusal."""
    return Policy(
        api_id=api.pk,
        api=api.name,
        path=api.path,
        backend=Backend(scheme="https", host="closed.invalid", port=443, path="", trust=Trust()),
        key_check=KeyCheck(required=api.subscription_required, header=api.key_header, query=api.key_query),
        operations=tuple(sorted(OperationPattern(method=o.method, url_template=o.url_template, name=o.name) for o in api.operations.all())),
        inbound=tuple(rule for rule in (api.cors_rule(), api.caller_rule()) if rule),
        hosts=tuple(api.hosts),
        caller_authorities=api.caller_authorities,
        forwarding=api.forwarding(),
        named_values=named_by(api, api.operations.all(), around),
    )
