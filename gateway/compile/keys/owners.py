"""Whose key a call has shown, where an API counts its calls by subscription. [pure]

Such an API has a list of the keys that open it at its own routes, in which each key has a name; the key check puts that name into a header
between our filters, by which a virtual cluster counts. The router counts outcomes of virtual clusters as it does of routes: the counters
belong to the listener, so no switch of a certificate loses any. An API without the switch has not one byte of this.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from envoy.config.route.v3.route_components_pb2 import HeaderMatcher, VirtualCluster
from envoy.extensions.filters.http.api_key_auth.v3.api_key_auth_pb2 import ApiKeyAuthPerRoute, Credential, Forwarding, KeySource
from envoy.type.matcher.v3.string_pb2 import StringMatcher

from gateway.compile.keys.shards import KeyCredential, key_check
from gateway.compile.names import KEY_HEADER, OWNER_HEADER

KeysOfApis = Mapping[int, Sequence[KeyCredential]]  # of the APIs that count by subscription: what opens them

_NAME = re.compile(r"key-(\d+)-(\d+)-([a-z]+)\Z")


class Owner(NamedTuple):
    """Whose key it is, at which API."""

    api: int
    subscription: int
    kind: str

    def __str__(self) -> str:
        """Return what Envoy calls it."""
        return f"key-{self.api}-{self.subscription}-{self.kind}"

    @classmethod
    def of(cls, name: str) -> Owner | None:
        """Return whom Envoy means by *name*, ``None`` if it is no key's."""
        found = _NAME.match(name)
        return cls(int(found[1]), int(found[2]), found[3]) if found else None


def named_keys(api_id: int, credentials: Iterable[KeyCredential]) -> ApiKeyAuthPerRoute:
    """Return the rule that lets these keys of an API pass, and no other, and says whose each is.

    :param credentials: those that open the API
    """
    known = sorted((one.key.value.decode(), str(_owner(api_id, one))) for one in credentials)
    listed = [Credential(key=key, client=owner) for key, owner in known] or key_check().credentials  # without any, all would count
    return ApiKeyAuthPerRoute(credentials=listed, key_sources=[KeySource(header=KEY_HEADER)], forwarding=Forwarding(header=OWNER_HEADER))


def counting_by_key(keys: KeysOfApis) -> list[VirtualCluster]:
    """Return what counts the calls by whose key they have shown."""
    owners = sorted(str(_owner(api_id, one)) for api_id, credentials in keys.items() for one in credentials)
    return [VirtualCluster(name=owner, headers=[_shows(owner)]) for owner in owners]


def _owner(api_id: int, credential: KeyCredential) -> Owner:
    return Owner(api_id, credential.subscription, credential.kind)


def _shows(owner: str) -> HeaderMatcher:
    return HeaderMatcher(name=OWNER_HEADER, string_match=StringMatcher(exact=owner))
