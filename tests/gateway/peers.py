"""Somebody who plays a gateway towards the control plane: asks, answers, refuses, reports."""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Mapping
from typing import Any

import grpc
from envoy.config.core.v3.base_pb2 import Node
from envoy.service.discovery.v3.ads_pb2_grpc import AggregatedDiscoveryServiceStub
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse

from gateway.compile.resource import CLUSTER, FILTER
from tests.gateway.plant import Plant


class Peer:
    """Somebody who plays a gateway; a context manager."""

    def __init__(self, channel: grpc.Channel, name: str) -> None:
        self._channel = channel
        self._name = name
        self._requests: queue.SimpleQueue[DeltaDiscoveryRequest | None] = queue.SimpleQueue()
        self._call: Any = None

    def __enter__(self) -> Peer:  # noqa: PYI034 - not subclassed
        self._call = AggregatedDiscoveryServiceStub(self._channel).DeltaAggregatedResources(iter(self._requests.get, None))
        return self

    def __exit__(self, *_: object) -> None:
        self._call.cancel()
        self._channel.close()

    def ask(self, type_url: str, *names: str, has: Mapping[str, str] | None = None) -> None:
        """Subscribe to everything, or to *names*."""
        self._requests.put(
            DeltaDiscoveryRequest(
                node=Node(id=self._name), type_url=type_url, resource_names_subscribe=names, initial_resource_versions=has or {}
            )
        )

    def read(self, *, error: str = "") -> DeltaDiscoveryResponse:
        """Return the next response, and answer it."""
        response: DeltaDiscoveryResponse = next(self._call)
        answer = DeltaDiscoveryRequest(type_url=response.type_url, response_nonce=response.nonce)
        if error:
            answer.error_detail.message = error
        self._requests.put(answer)
        return response

    def clusters(self, number: int) -> dict[str, str]:
        """Ask for all clusters; return the versions of the first *number*, by name, however many responses they come in."""
        self.ask(CLUSTER)
        versions: dict[str, str] = {}
        while len(versions) < number:
            versions |= {one.name: one.version for one in self.read().resources}
        return versions

    def is_answered(self) -> bool:
        """Ask for all clusters; return whether the server answers rather than hang up, as it does until it knows of an enrolment."""
        self.ask(CLUSTER)
        with contextlib.suppress(grpc.RpcError):
            self.read()
            return True
        return False

    def is_turned_away(self) -> bool:
        """Return whether the server hangs up, sooner or later."""
        self.ask(CLUSTER)
        with contextlib.suppress(grpc.RpcError):
            for _ in self._call:
                pass
            return False
        return True

    def ends(self) -> bool:
        """Read on; return whether the server hangs up."""
        with contextlib.suppress(grpc.RpcError):
            for _ in self._call:
                pass
        return True

    def read_all(self, *types: str) -> dict[str, dict[str, str]]:
        """Subscribe to everything of *types*, in that order; return the versions of what comes, by type and name."""
        versions = {}
        for type_url in types:
            self.ask(type_url)
            versions[type_url] = {one.name: one.version for one in self.read().resources}
        return versions

    def reads_nothing(self) -> bool:
        """Return whether the next thing to come is a type that is asked for only now."""
        self.ask(FILTER, "keys-00")
        return str(self.read().type_url) == FILTER


def local_peer(plant: Plant, name: str = "local") -> Peer:
    """Return one on the control plane's own machine."""
    return Peer(grpc.insecure_channel(f"unix:{plant.home}/xds.sock"), name)
