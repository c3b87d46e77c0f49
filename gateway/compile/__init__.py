"""Policies to Envoy resources: pure, sorted and deterministic; equal meaning, equal bytes. [pure]

A resource depends on nothing but what it is compiled from: an API's cluster on its policy and identity, a segment on the APIs
whose paths begin with it, a key shard on its keys, the key check on all keys while they are few, the listener on the gateway's
settings. So a change recompiles only what it names.

Rooms: ``edge`` (listeners, order of filters), ``keys``, ``callers`` (their certificates), ``calls`` (routes), ``backends`` (clusters),
``answers``, ``telemetry``; they share names, matching and resource.
"""

from gateway.compile.backends.clusters import compile_cluster, compile_refusal
from gateway.compile.calls.routes import compile_segment
from gateway.compile.calls.status import STATUS_PATH, compile_status
from gateway.compile.edge.https import Served, compile_https, compile_server_certificate
from gateway.compile.edge.listener import compile_listener
from gateway.compile.edge.own import GatewayListener, Https, as_set, has_place_for
from gateway.compile.keys.check import MOST_PLAIN_KEYS, compile_key_check
from gateway.compile.keys.owners import KeysOfApis
from gateway.compile.keys.shards import SHARDS, KeyCredential, compile_key_shard, opens, shard_of
from gateway.compile.names import KEYS_FILTER, api_of_cluster, cluster_name, segment_name, segment_of, shard_name
from gateway.compile.resource import Resource
from gateway.compile.telemetry import Collector, Telemetry

__all__ = [
    "KEYS_FILTER",
    "MOST_PLAIN_KEYS",
    "SHARDS",
    "STATUS_PATH",
    "Collector",
    "GatewayListener",
    "Https",
    "KeyCredential",
    "KeysOfApis",
    "Resource",
    "Served",
    "Telemetry",
    "api_of_cluster",
    "as_set",
    "cluster_name",
    "compile_cluster",
    "compile_https",
    "compile_key_check",
    "compile_key_shard",
    "compile_listener",
    "compile_refusal",
    "compile_segment",
    "compile_server_certificate",
    "compile_status",
    "has_place_for",
    "opens",
    "segment_name",
    "segment_of",
    "shard_name",
    "shard_of",
]
