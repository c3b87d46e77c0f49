"""A gateway of a test's own: a real Envoy with the product's bootstrap and listener, fed what the test publishes."""

from __future__ import annotations

import dataclasses
import http.client
import json
import socket
import subprocess
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apis.policy.model import (
    AuthenticationCertificate,
    Backend,
    KeyCheck,
    OperationPattern,
    Policy,
    Rule,
    Trust,
)
from certificates.identity import Identity
from certificates.sealing import Secret
from gateway.agent.bootstrap import GatewayBootstrap, UnixSocket, as_json, bootstrap
from gateway.agent.envoy import binary, trust_bundle
from gateway.compile import (
    MOST_PLAIN_KEYS,
    SHARDS,
    STATUS_PATH,
    GatewayListener,
    Https,
    KeyCredential,
    Resource,
    Served,
    Telemetry,
    as_set,
    compile_cluster,
    compile_https,
    compile_key_check,
    compile_key_shard,
    compile_listener,
    compile_segment,
    compile_server_certificate,
    compile_status,
    has_place_for,
    opens,
    segment_name,
    segment_of,
    shard_of,
)
from gateway.compile.names import cluster_name
from gateway.compile.resource import CLUSTER, ROUTES, SCOPE
from kit.issuing import Issued
from kit.ports import free_ports
from tests.gateway.feed import Feed, Key

KEY = "ab" + "1" * 30  # opens all APIs
_READY_WITHIN_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a caller gets."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)

    @property
    def message(self) -> str:
        """What the gateway says of a call that it did not let through."""
        return str(self.json["message"])


def identity_of(issued: Issued) -> Identity:
    """Return what the gateway presents."""
    pfx = issued.as_pfx()
    return Identity.of(pfx.certificate, pfx.chain, pfx.private_key)


def policy(
    api_id: int,
    path: str,
    *,
    port: int,
    trusted: Issued | None = None,
    presents: bool = True,
    operations: Iterable[tuple[str, str]] = (("*", "/*"),),
    key_check: KeyCheck | None = None,
    inbound: tuple[Rule, ...] = (),
    host: str = "localhost",
    scheme: str = "https",
    backend_path: str = "",
    trust: Trust | None = None,
) -> Policy:
    """Return the policy of an API with a back end on this machine; by default it presents a certificate and takes every call."""
    certificate = AuthenticationCertificate(certificate_id="client", thumbprint="")
    patterns = (OperationPattern(method=method, url_template=template, name=f"{method} {template}") for method, template in operations)
    return Policy(
        api_id=api_id,
        api=path.replace("/", "-"),
        path=path,
        backend=Backend(
            scheme=scheme, host=host, port=port, path=backend_path, trust=trust or Trust(trusted_ca=trusted.pem if trusted else "")
        ),
        key_check=key_check or KeyCheck(),
        operations=tuple(sorted(patterns)),
        inbound=(certificate, *inbound) if presents else inbound,
    )


def open_to_all(one: Policy) -> Policy:
    """Return *one* without a key check."""
    return dataclasses.replace(one, key_check=dataclasses.replace(one.key_check, required=False))


def own_https(settings: GatewayListener, served: Collection[Served]) -> list[Resource]:
    """Return the listeners that end TLS, as a gateway of these *settings* has them."""
    listeners = compile_https(served)
    return [as_set(one, settings) for one in listeners if has_place_for(one.type_url, one.name, settings)]


class Gateway:
    """A running gateway."""

    def __init__(
        self,
        home: Path,
        *,
        idle_seconds: int = 60,
        key: str = KEY,
        trusted_proxies: int = 0,
        http3: bool = False,
        instead_of_http: bool = False,
        telemetry: Telemetry | None = None,
        trusted: Path | None = None,
    ) -> None:
        """Start it in *home* and wait until it has its configuration."""
        self.home = home
        self.port, self.admin_port, self.https_port = free_ports(3)
        self.feed = Feed(home / "xds.sock")
        self._policies: dict[int, Policy] = {}
        self._keys: dict[str, str] = {}
        self._least = 0  # keys that it counts at least
        self.let_in(key)
        self.feed.put(compile_key_shard(shard, ()) for shard in SHARDS if shard != shard_of(key))
        self._listener = GatewayListener(
            host="127.0.0.1",
            port=self.port,
            idle_seconds=idle_seconds,
            trusted_proxies=trusted_proxies,
            https=Https(host="127.0.0.1", port=self.https_port, http3=http3, instead_of_http=instead_of_http),
            telemetry=telemetry or Telemetry(),
            name="test",
        )
        self._trusted = trusted or trust_bundle()
        self.feed.put([*compile_listener(self._listener), *compile_status()])
        self.start()

    def start(self) -> None:
        """Start Envoy and wait until it answers."""
        chosen = GatewayBootstrap(
            node="test",
            agent=UnixSocket(path="xds.sock"),
            admin=("127.0.0.1", self.admin_port),
            trust_bundle=self._trusted,
            collector=self._listener.telemetry.collector,
        )
        (self.home / "gateway.json").write_text(as_json(bootstrap(chosen)), encoding="utf-8")
        quiet = ("--log-level", "error", "--component-log-level", "misc:error", "--disable-hot-restart")
        self.process = subprocess.Popen([binary(), "--config-path", "gateway.json", "--concurrency", "1", *quiet], cwd=self.home)
        until = time.monotonic() + _READY_WITHIN_SECONDS
        while time.monotonic() < until:
            try:
                if self.call(STATUS_PATH).status == 200:
                    return
            except OSError:
                time.sleep(0.02)
        self.stop()
        raise AssertionError("The gateway did not get ready.")

    def stop(self) -> None:
        """End Envoy and its control plane."""
        self.process.terminate()
        self.process.wait()
        self.feed.stop()

    def serve_https(self, *served: tuple[Issued, Served]) -> None:
        """End TLS with these certificates."""
        secrets = [compile_server_certificate(one.certificate_id, identity_of(issued)) for issued, one in served]
        assert not self.feed.apply([*secrets, *own_https(self._listener, [one for _, one in served])])

    def publish(self, one: Policy, identity: Issued | None = None) -> dict[Key, str]:
        """Add or change an API; return what Envoy refuses."""
        return self.put(one, compile_cluster(one, identity_of(identity) if identity else None))

    def put(self, one: Policy, cluster: Iterable[Resource]) -> dict[Key, str]:
        """Add or change an API with a cluster of the test's own."""
        before = self._policies.get(one.api_id)
        self._policies[one.api_id] = one
        removed: list[Key] = []
        resources = [*cluster]
        for segment in sorted({segment_of(policy.path) for policy in (before, one) if policy}):
            compiled = self._segment(segment)
            resources += compiled
            removed += [] if compiled else [(ROUTES, segment_name(segment)), (SCOPE, segment_name(segment))]
        return self.feed.apply(resources, removed=removed)

    def withdraw(self, one: Policy) -> None:
        """Take an API away."""
        del self._policies[one.api_id]
        segment = segment_of(one.path)
        left = self._segment(segment)
        gone = [] if left else [(ROUTES, segment_name(segment)), (SCOPE, segment_name(segment))]
        self.feed.apply(left, removed=[(CLUSTER, cluster_name(one.api_id)), *gone])

    def let_in(self, key: str, *, api: int | None = None) -> None:
        """Let a key open one API, or all."""
        self._keys[key] = opens(api)
        self._send_key(key)

    def shut_out(self, key: str) -> None:
        """Revoke a key."""
        del self._keys[key]
        self._send_key(key)

    def check_keys(self, *, as_if_many: bool) -> None:
        """Have keys checked in the form for many, however few there are; or in the form for as many as there are."""
        self._least = MOST_PLAIN_KEYS + 1 if as_if_many else 0
        assert not self.feed.apply([self._key_check()])

    def call(
        self,
        target: str,
        *,
        method: str = "GET",
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """Call the gateway on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, target, body, {**({"Ocp-Apim-Subscription-Key": key} if key else {}), **(headers or {})})
            response = connection.getresponse()
            return Answer(
                status=response.status, headers={name.lower(): value for name, value in response.getheaders()}, body=response.read()
            )
        finally:
            connection.close()

    def raw(self, request: bytes) -> bytes:
        """Send bytes as they are; return the first bytes of the answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(request)
            return connection.recv(65536)

    def admin(self, path: str) -> str:
        """Return what Envoy's admin page says."""
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def _segment(self, segment: str) -> tuple[Resource, ...]:
        return compile_segment(segment, [policy for policy in self._policies.values() if segment_of(policy.path) == segment])

    def _send_key(self, key: str) -> None:
        shard = shard_of(key)
        resources = [
            compile_key_shard(shard, (one for one in self._credentials() if shard_of(one.key.value.decode()) == shard)),
            self._key_check(),
        ]
        if hasattr(self, "process"):
            assert not self.feed.apply(resources)
        else:
            self.feed.put(resources)

    def _key_check(self) -> Resource:
        return compile_key_check(max(len(self._keys), self._least), self._credentials())

    def _credentials(self) -> Iterator[KeyCredential]:
        for key, what in self._keys.items():
            yield KeyCredential(key=Secret(key.encode()), opens=what)
