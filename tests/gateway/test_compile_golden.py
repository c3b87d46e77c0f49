"""What Envoy is told, kept as files whose differences a reviewer reads, and judged by Envoy itself.

A change that is meant: ``GOLDEN=write python -m pytest tests/gateway/test_compile_golden.py``, then read what git shows.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.core.v3.extension_pb2 import TypedExtensionConfig
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.config.route.v3.scoped_route_pb2 import ScopedRouteConfiguration
from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import Secret as SecretMessage
from google.protobuf.json_format import MessageToDict

from apis.policy.model import (
    Address,
    AuthenticationBasic,
    CallerIdentity,
    Ejection,
    HealthCheck,
    KeyCheck,
    Limits,
    Sharing,
    Trust,
    ValidateClientCertificate,
)
from certificates.identity import Identity
from certificates.sealing import Secret
from gateway.agent import envoy
from gateway.agent.bootstrap import GatewayBootstrap, UnixSocket, bootstrap
from gateway.compile import (
    MOST_PLAIN_KEYS,
    GatewayListener,
    Https,
    KeyCredential,
    Resource,
    Served,
    compile_cluster,
    compile_key_check,
    compile_key_shard,
    compile_listener,
    compile_refusal,
    compile_segment,
    compile_server_certificate,
    compile_status,
    segment_of,
)
from gateway.compile.keys.shards import HEX_SHARDS
from gateway.compile.resource import CLUSTER, FILTER, LISTENER, ROUTES, SCOPE, SECRET
from kit.issuing import issue
from tests.gateway.gateways import identity_of, open_to_all, own_https, policy

pytestmark = pytest.mark.any_database

GOLDEN = Path(__file__).parent / "golden"
MESSAGES = {
    CLUSTER: Cluster,
    LISTENER: Listener,
    ROUTES: RouteConfiguration,
    SCOPE: ScopedRouteConfiguration,
    FILTER: TypedExtensionConfig,
    SECRET: SecretMessage,
}
PLACEHOLDER = Identity(certificate_chain_pem=b"chain", private_key_pem=Secret(b"key"))

ORDERS = policy(
    1,
    "orders",
    port=9443,
    trust=Trust(trusted_ca="authority"),
    operations=[("GET", "/"), ("GET", "/{id}"), ("POST", "/*"), ("*", "/{id}/parts/{part}")],
    backend_path="/v2",
)
BY_SYSTEM = policy(2, "by-system", host="orders.example.com", port=443, trust=Trust())
UNCHECKED = policy(3, "unchecked", host="192.0.2.1", port=443, trust=Trust(validate_chain=False, validate_name=False), presents=False)
BASIC = policy(
    4,
    "basic",
    host="2001:db8::1",
    port=80,
    scheme="http",
    presents=False,
    inbound=(AuthenticationBasic(username="user", password=Secret(b"password")),),
)
SALES = policy(5, "sales", port=9443, presents=False, trust=Trust(validate_name=False))
SALES_OPEN = open_to_all(policy(6, "sales/open", port=9443, presents=False))
OWN_NAMES = policy(7, "sales/own", port=9443, presents=False, key_check=KeyCheck(header="X-Api-Key", query="k"))
CALLERS = dataclasses.replace(
    policy(
        8,
        "callers",
        port=9443,
        presents=False,
        inbound=(ValidateClientCertificate(identities=(CallerIdentity(name="partner.example.com"),)),),
        operations=[("GET", "/")],
    ),
    hosts=("api.example.com", "*.shop.example.com"),
    caller_authorities=(Path(__file__).parent / "cases" / "callers-authority.pem").read_text(),
)
POOL = policy(9, "pool", host="one.example.com", port=443, trust=Trust(trusted_ca="authority"))
POOL = dataclasses.replace(
    POOL,
    backend=dataclasses.replace(
        POOL.backend,
        sharing=Sharing(
            addresses=(
                Address(host="one.example.com", port=443, weight=3),
                Address(host="two.example.com", port=8443, weight=1),
                Address(host="192.0.2.1", port=443, priority=5),
            ),
            health=HealthCheck(path="/health", seconds=10),
            ejection=Ejection(failures=5, seconds=30),
            limits=Limits(connections=20, waiting=10, calls=100),
        ),
    ),
)
POLICIES = (ORDERS, BY_SYSTEM, UNCHECKED, BASIC, SALES, SALES_OPEN, OWN_NAMES, CALLERS, POOL)
HTTPS = GatewayListener(host="127.0.0.1", port=8080, https=Https(host="127.0.0.1", port=8443, http3=True, instead_of_http=True))
SERVED = (
    Served(certificate_id=1, hosts=("api.example.com",), rest=True),
    Served(certificate_id=9, hosts=("*.shop.example.com", "shop.example.com")),
    Served(certificate_id=2, hosts=("partners.example.com",), asks=True),
)


def compiled(identity: Identity) -> dict[str, tuple[Resource, ...]]:
    """Return everything there is a golden file of."""
    segments = {
        segment: [one for one in POLICIES if segment_of(one.path) == segment]
        for segment in sorted({segment_of(one.path) for one in POLICIES})
    }
    key = KeyCredential(key=Secret(b"ab0123456789"), opens="1")
    return {
        **{f"cluster-{one.api}": compile_cluster(one, identity) for one in POLICIES},
        **{f"segment-{segment}": compile_segment(segment, policies) for segment, policies in segments.items()},
        "refusal": compile_refusal(ORDERS, "The certificate cannot be read."),
        "keys": (compile_key_shard("ab", [key]), compile_key_shard("cd", [])),
        "key-check": (compile_key_check(1, [key]),),
        "key-check-of-many": (compile_key_check(MOST_PLAIN_KEYS + 1, []),),
        "listener": compile_listener(GatewayListener(host="127.0.0.1", port=8080)),
        "listener-redirecting": compile_listener(HTTPS),
        "https": tuple(own_https(HTTPS, SERVED)),
        "server-certificate": tuple(compile_server_certificate(one.certificate_id, identity) for one in SERVED),
        "status": compile_status(),
    }


def readable(resource: Resource) -> Any:
    message = MESSAGES[resource.type_url].FromString(resource.body)
    return MessageToDict(message, preserving_proto_field_name=True)


def as_text(resources: Collection[Resource]) -> str:
    """Return resources as a reviewer reads them; the 256 equal shards of the key check are one, and what all listeners have stands once."""
    values = [_without_what_all_have(readable(one)) for one in resources]
    return json.dumps(_with_one_shard(values), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _without_what_all_have(value: Any) -> Any:
    """Return a listener without what stands in ``listener.json`` already."""
    chains = value.get("filter_chains", []) if value.get("name") != "gateway" or "to-https" in json.dumps(value) else []
    usual = _manager(readable(compile_listener(GatewayListener(host="127.0.0.1", port=8080))[0])["filter_chains"][0]) if chains else {}
    for chain in chains:
        manager = _manager(chain)
        known = {json.dumps(one, sort_keys=True) for one in usual["http_filters"]}
        manager["http_filters"] = [one for one in manager["http_filters"] if json.dumps(one, sort_keys=True) not in known]
        for name in [name for name in manager if name in usual and manager[name] == usual[name]]:
            del manager[name]
    return value


def _manager(chain: Any) -> Any:
    return chain["filters"][0]["typed_config"]


def _with_one_shard(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_one_shard(one) for one in value]
    if not isinstance(value, dict):
        return value
    if set(value) == set(HEX_SHARDS):
        return {"ab": value["ab"]}
    return {name: _with_one_shard(one) for name, one in value.items()}


@pytest.mark.parametrize("name", sorted(compiled(PLACEHOLDER)))
def test_what_envoy_is_told_is_what_was_reviewed(name: str) -> None:
    text = as_text(compiled(PLACEHOLDER)[name])
    file = GOLDEN / f"{name}.json"
    if os.environ.get("GOLDEN") == "write":
        GOLDEN.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


def test_equal_meaning_gives_equal_bytes_and_versions() -> None:
    first, second = (compiled(PLACEHOLDER) for _ in range(2))
    assert first == second
    assert [one.version for group in first.values() for one in group] == [one.version for group in second.values() for one in group]


def test_another_certificate_changes_what_holds_it_and_nothing_else() -> None:
    other = dataclasses.replace(PLACEHOLDER, certificate_chain_pem=b"another chain")
    first, second = compiled(PLACEHOLDER), compiled(other)
    assert {name for name in first if first[name] != second[name]} == {
        "cluster-orders",
        "cluster-by-system",
        "cluster-pool",
        "server-certificate",
    }


def test_envoy_itself_takes_all_of_it(tmp_path: Path) -> None:
    client = issue("client")
    real = compiled(identity_of(client))
    chosen = GatewayBootstrap(
        node="test", agent=UnixSocket(path="xds.sock"), admin=UnixSocket(path="admin.sock"), trust_bundle=envoy.trust_bundle()
    )
    made = MessageToDict(bootstrap(chosen), preserving_proto_field_name=True)
    resources = [one for group in real.values() for one in group]
    of_kind = {kind: [readable(one) for one in resources if one.type_url == kind] for kind in MESSAGES}
    clusters = {cluster["name"]: cluster for cluster in of_kind[CLUSTER]}
    made["static_resources"]["clusters"] += clusters.values()
    made["static_resources"]["secrets"] += of_kind[SECRET]
    # The listener for HTTP stands there twice.
    made["static_resources"]["listeners"] = [
        _with_routes_inside(listener, of_kind[SCOPE], of_kind[ROUTES])
        for listener in {json.dumps(one["address"]): one for one in of_kind[LISTENER]}.values()
    ]
    _forget_source_of(made, "sds_config")
    text = json.dumps(made).replace('"inline_string": "authority"', f'"inline_string": {json.dumps(client.pem)}')
    file = tmp_path / "envoy.json"
    file.write_text(text, encoding="utf-8")
    judged = subprocess.run(
        [envoy.binary(), "--mode", "validate", "--config-path", str(file), "--log-level", "error", "--component-log-level", "misc:error"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert judged.returncode == 0, judged.stderr[-2000:]


def _forget_source_of(value: Any, name: str) -> None:
    """Take every *name* away, wherever it stands: a secret without a source is looked for in the same file."""
    if isinstance(value, dict):
        value.pop(name, None)
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            _forget_source_of(one, name)


def _with_routes_inside(listener: Any, scopes: list[Any], routes: list[Any]) -> Any:
    """Return *listener* with scopes, routes and shards written into it: a file cannot have them from a control plane."""
    by_name = {one["name"]: one for one in routes}
    for chain in listener["filter_chains"]:
        _put_routes_inside(_manager(chain), scopes, by_name)
    return listener


def _put_routes_inside(manager: Any, scopes: list[Any], by_name: dict[str, Any]) -> None:
    scoped = manager["scoped_routes"]
    del scoped["scoped_rds"], scoped["rds_config_source"]
    inside = [{**{key: scope[key] for key in ("name", "key")}, "route_configuration": by_name[scope["name"]]} for scope in scopes]
    scoped["scoped_route_configurations_list"] = {"scoped_route_configurations": inside}
    filters = {one["name"]: one for one in manager["http_filters"]}
    filters["keys"]["typed_config"] = filters["keys"].pop("config_discovery")["default_config"]
    matcher = filters["key-shards"]["typed_config"]["xds_matcher"]
    for shard in [matcher["on_no_match"], *matcher["matcher_tree"]["prefix_match_map"]["map"].values()]:
        action = shard["action"]["typed_config"]
        dynamic = action.pop("dynamic_config")
        action["typed_config"] = {"name": dynamic["name"], "typed_config": dynamic["config_discovery"]["default_config"]}
