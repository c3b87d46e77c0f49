"""The messages of Envoy's delta protocol and of its log service, to and from our own values."""

from __future__ import annotations

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse

from gateway.compile import Resource
from gateway.streams.delta import Batch
from gateway.streams.stream import Request


def request_of(message: DeltaDiscoveryRequest) -> Request:
    """Return what a request says."""
    return Request(
        type_url=message.type_url,
        subscribe=tuple(message.resource_names_subscribe),
        unsubscribe=tuple(message.resource_names_unsubscribe),
        initial=dict(message.initial_resource_versions),
        nonce=message.response_nonce,
        error=(message.error_detail.message or f"code {message.error_detail.code}") if message.HasField("error_detail") else "",
    )


def response_of(type_url: str, batch: Batch[Resource], *, line: int) -> DeltaDiscoveryResponse:
    """Return *batch* as a response.

    :param line: the newest change it takes in; only for people who read Envoy's admin page
    """
    response = DeltaDiscoveryResponse(type_url=type_url, nonce=batch.nonce, system_version_info=str(line), removed_resources=batch.removed)
    for name, resource in batch.resources.items():
        entry = response.resources.add(name=name, version=resource.version)
        entry.resource.type_url = type_url
        entry.resource.value = resource.body
    return response


def version_of(message: DeltaDiscoveryRequest) -> str:
    """Return the version of the Envoy that sends *message*, for instance ``1.40.0``."""
    version = message.node.user_agent_build_version.version
    return f"{version.major_number}.{version.minor_number}.{version.patch}"
