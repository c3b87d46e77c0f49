"""Subscription keys as Envoy checks them: shards of keys, each an ECDS resource, so that one key's change is small. [pure]"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from envoy.extensions.filters.http.api_key_auth.v3 import api_key_auth_pb2 as api_key_auth

from certificates.sealing import Secret
from gateway.compile.names import shard_name
from gateway.compile.resource import Resource, filter_config

_HEX_START = re.compile(r"[0-9a-f]{2}")
OTHER = "other"  # keys that a REST client chose and that do not begin with two hex digits, and calls without a key
HEX_SHARDS = tuple(f"{number:02x}" for number in range(256))
SHARDS = (*HEX_SHARDS, OTHER)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCredential:
    """One key, what it opens (see :func:`opens`), and whose it is.

    :ivar kind: which of the subscription's keys
    """

    key: Secret
    opens: str
    subscription: int = 0
    kind: str = ""


def opens(api_id: int | None) -> str:
    """Return what the key check knows a key by: the API it opens (``None``: all).

    Not the subscription, so that each API's rule stays the same whatever keys come and go.
    """
    return "all" if api_id is None else str(api_id)


def shard_of(key: str) -> str:
    """Return the shard a key lives in: its first two hex digits."""
    return key[:2] if _HEX_START.match(key) else OTHER


def compile_key_shard(shard: str, credentials: Iterable[KeyCredential]) -> Resource:
    """Return the key check of one shard. An empty shard refuses every key."""
    return filter_config(shard_name(shard), key_check(credentials))


def key_check(credentials: Iterable[KeyCredential] = ()) -> api_key_auth.ApiKeyAuth:
    """Return a filter that lets only these keys through, where a route's rule says where the key is and what it must open.

    The key is taken away by the routes, also where an API needs none; here it would cost the query its bytes (facts: query sources).
    """
    known = sorted((credential.key.value.decode(), credential.opens) for credential in credentials)
    # Without any credential the filter is refused. A line feed cannot stand in a header, so nobody can send this one.
    return api_key_auth.ApiKeyAuth(
        credentials=[api_key_auth.Credential(key=key, client=what) for key, what in known or [("\n", "nothing")]]
    )
