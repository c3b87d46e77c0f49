"""The messages of Envoy's delta protocol and of its log service, to and from our own values. [pure]"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from envoy.config.core.v3.base_pb2 import BuildVersion, Node
from envoy.service.accesslog.v3.als_pb2 import StreamAccessLogsMessage, StreamAccessLogsResponse
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse
from envoy.type.v3.semantic_version_pb2 import SemanticVersion
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet
from google.rpc.status_pb2 import Status

from gateway.compile import Resource
from gateway.streams.delta import Batch
from gateway.streams.stream import Request

DISCOVERY, DELTAS = "envoy.service.discovery.v3.AggregatedDiscoveryService", "DeltaAggregatedResources"
LOGS, FAILED_CALLS = "envoy.service.accesslog.v3.AccessLogService", "StreamAccessLogs"
RENEW = "/portal.Enrolment/Renew"  # a request for a certificate (PKCS #10, PEM) in, the certificate and its authority (PEM) out
NODE = "portal-gateway"  # the metadata that names the gateway where no message does
_AGENT = "portal-agent"  # what an agent gives as its user agent; Envoy says "envoy"


def read_request(sent: bytes) -> DeltaDiscoveryRequest:
    """Return the request that was *sent*, also where Envoy has cut its words of a refusal within a character.

    :raises google.protobuf.message.DecodeError: if it is none
    """
    try:
        return DeltaDiscoveryRequest.FromString(sent)
    except DecodeError:
        details = _field(sent, DeltaDiscoveryRequest.ERROR_DETAIL_FIELD_NUMBER)
        words = _field(details, Status.MESSAGE_FIELD_NUMBER)
        if not words:
            raise
        legible = words.decode(errors="ignore").encode()
        return DeltaDiscoveryRequest.FromString(sent.replace(words, legible.ljust(len(words), b"?"), 1))


def _field(message: bytes, number: int) -> bytes:
    """Return what a message holds in the field of this *number*, a text or another message; nothing if there is none."""
    fields = UnknownFieldSet(Empty.FromString(message))
    return next((bytes(one.data) for one in fields if one.field_number == number), b"")


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


def response_of(type_url: str, batch: Batch[Resource], *, line: int, encode: Callable[[Collection[Resource]], bytes]) -> bytes:
    """Return *batch* as a response, as it goes over the wire.

    :param line: the newest change it takes in; only for people who read Envoy's admin page
    :param encode: :func:`encoded`, or :meth:`Encodings.of`
    """
    head = DeltaDiscoveryResponse(type_url=type_url, nonce=batch.nonce, system_version_info=str(line), removed_resources=batch.removed)
    # Messages that stand one behind the other are one with the fields of both (Protocol Buffers, "Last One Wins").
    return bytes(head.SerializeToString()) + encode(batch.resources.values())


def encoded(resources: Collection[Resource]) -> bytes:
    """Return that part of a response which holds *resources*."""
    response = DeltaDiscoveryResponse()
    for resource in resources:
        entry = response.resources.add(name=resource.name, version=resource.version)
        entry.resource.type_url = resource.type_url
        entry.resource.value = resource.body
    return bytes(response.SerializeToString())


class Encodings:
    """What :func:`encoded` has returned, once for all gateways that come for everything, or that a change concerns."""

    def __init__(self) -> None:
        """Begin with none."""
        self._known: dict[tuple[Resource, ...], bytes] = {}

    def of(self, resources: Collection[Resource]) -> bytes:
        """Return that part of a response which holds *resources*."""
        key = tuple(resources)
        if (found := self._known.get(key)) is None:
            found = self._known[key] = encoded(resources)
        return found

    def forget(self) -> None:
        """Forget all: with a change, some may hold what is no longer desired, such as a private key."""
        self._known.clear()


def version_of(message: DeltaDiscoveryRequest) -> str:
    """Return the version of the Envoy that sends *message*, for instance ``1.40.0``."""
    version = message.node.user_agent_build_version.version
    return f"{version.major_number}.{version.minor_number}.{version.patch}"


def node_of_agent(name: str, envoy_version: str) -> Node:
    """Return who an agent says it is.

    :param envoy_version: of the Envoy beside it, for instance ``1.40.0``
    """
    major, minor, patch = (int(part) if part.isdecimal() else 0 for part in [*envoy_version.split("."), "0", "0", "0"][:3])
    version = BuildVersion(version=SemanticVersion(major_number=major, minor_number=minor, patch=patch))
    return Node(id=name, cluster="gateway", user_agent_name=_AGENT, user_agent_build_version=version)


def is_agent(message: DeltaDiscoveryRequest) -> bool:
    """Return whether *message*, the first of a stream, comes from an agent rather than from an Envoy itself."""
    return bool(message.node.user_agent_name == _AGENT)


def message_of(request: Request) -> DeltaDiscoveryRequest:
    """Return *request* as an agent sends it."""
    message = DeltaDiscoveryRequest(
        type_url=request.type_url,
        resource_names_subscribe=request.subscribe,
        resource_names_unsubscribe=request.unsubscribe,
        initial_resource_versions=request.initial,
        response_nonce=request.nonce,
    )
    if request.error:
        message.error_detail.message = request.error
    return message


def resources_of(response: DeltaDiscoveryResponse) -> tuple[Resource, ...]:
    """Return the resources that *response* carries."""
    return tuple(Resource(response.type_url, entry.name, entry.resource.value) for entry in response.resources)


def line_of(response: DeltaDiscoveryResponse) -> int:
    """Return the newest change that *response* takes in, 1 if it does not tell."""
    said = str(response.system_version_info)
    return max(int(said), 1) if said.isdecimal() else 1


# How gRPC is told of the methods: what it reads and what it writes.
DELTA_MESSAGES: tuple[Any, Any] = (DeltaDiscoveryRequest, DeltaDiscoveryResponse)
LOG_MESSAGES: tuple[Any, Any] = (StreamAccessLogsMessage, StreamAccessLogsResponse)
