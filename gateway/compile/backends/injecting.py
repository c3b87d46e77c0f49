"""Filters that put a secret into each call to a back end. [pure]

A secret is a resource of its own rather than a header of the route, which Envoy's admin page would show in clear. Another secret of the
same name counts from the next call on; without it, calls are refused.
"""

from __future__ import annotations

from envoy.config.core.v3.base_pb2 import DataSource
from envoy.config.core.v3.config_source_pb2 import AggregatedConfigSource, ApiVersion, ConfigSource
from envoy.config.core.v3.extension_pb2 import TypedExtensionConfig
from envoy.extensions.filters.http.credential_injector.v3.credential_injector_pb2 import CredentialInjector
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import HttpFilter
from envoy.extensions.http.injected_credentials.generic.v3.generic_pb2 import Generic
from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import GenericSecret, SdsSecretConfig, Secret
from google.protobuf.duration_pb2 import Duration

from gateway.compile.resource import Resource, pack

_SECRET_TIMEOUT = Duration(seconds=2)  # the control plane sends it with the cluster; a lack must not hold up other changes


def secret_of(name: str, content: bytes) -> Resource:
    """Return the secret called *name*."""
    return Resource.of(name, Secret(name=name, generic_secret=GenericSecret(secret=DataSource(inline_bytes=content))))


def injector(secret: str, header: str) -> HttpFilter:
    """Return the filter that puts the secret called *secret* into a header, over whatever the caller has sent."""
    source = ConfigSource(ads=AggregatedConfigSource(), resource_api_version=ApiVersion.V3, initial_fetch_timeout=_SECRET_TIMEOUT)
    generic = Generic(credential=SdsSecretConfig(name=secret, sds_config=source), header=header)
    credential = TypedExtensionConfig(name="authorization", typed_config=pack(generic))
    return HttpFilter(name="authorization", typed_config=pack(CredentialInjector(overwrite=True, credential=credential)))
