"""One resource as it goes over the wire. [pure]"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from envoy.config.core.v3.extension_pb2 import TypedExtensionConfig
from google.protobuf import any_pb2

if TYPE_CHECKING:
    from google.protobuf.message import Message

TYPE_PREFIX = "type.googleapis.com/"
CLUSTER = TYPE_PREFIX + "envoy.config.cluster.v3.Cluster"
LISTENER = TYPE_PREFIX + "envoy.config.listener.v3.Listener"
ROUTES = TYPE_PREFIX + "envoy.config.route.v3.RouteConfiguration"
SCOPE = TYPE_PREFIX + "envoy.config.route.v3.ScopedRouteConfiguration"
FILTER = TYPE_PREFIX + "envoy.config.core.v3.TypedExtensionConfig"
SECRET = TYPE_PREFIX + "envoy.extensions.transport_sockets.tls.v3.Secret"


@dataclass(frozen=True, slots=True)
class Resource:
    """A named resource. Its bytes may hold a private key, so they are never printed."""

    type_url: str
    name: str
    body: bytes = field(repr=False)
    version: str = field(init=False, repr=False, compare=False)  # a hash of the content: equal content is not sent twice

    def __post_init__(self) -> None:
        """Note the version: whoever feeds a hundred gateways asks for it a thousand times."""
        object.__setattr__(self, "version", hashlib.sha256(self.body).hexdigest()[:16])

    @classmethod
    def of(cls, name: str, message: Message) -> Self:
        """Return *message* as a resource called *name*, serialised deterministically (maps sorted by key)."""
        return cls(TYPE_PREFIX + message.DESCRIPTOR.full_name, name, message.SerializeToString(deterministic=True))


def filter_config(name: str, message: Message) -> Resource:
    """Return *message*, what an HTTP filter is told, as the resource it is fetched as (ECDS)."""
    return Resource.of(name, TypedExtensionConfig(name=name, typed_config=pack(message)))


def pack(message: Message) -> Any:
    """Return *message* in a protobuf ``Any``, serialised deterministically."""
    packed = any_pb2.Any()
    packed.Pack(message, deterministic=True)
    return packed
