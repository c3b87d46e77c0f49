"""HTTP basic credentials towards a back end. [pure]

They are a secret of their own rather than a header of the route, which Envoy's admin page would show in clear. A new
password is a new secret of the same name: the next request carries it.
"""

from __future__ import annotations

import base64

from envoy.config.core.v3.base_pb2 import DataSource
from envoy.config.core.v3.config_source_pb2 import AggregatedConfigSource, ApiVersion, ConfigSource
from envoy.config.core.v3.extension_pb2 import TypedExtensionConfig
from envoy.extensions.filters.http.credential_injector.v3.credential_injector_pb2 import CredentialInjector
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import HttpFilter
from envoy.extensions.http.injected_credentials.generic.v3.generic_pb2 import Generic
from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import GenericSecret, SdsSecretConfig, Secret
from google.protobuf.duration_pb2 import Duration

from apis.policy.model import AuthenticationBasic
from gateway.compile.names import basic_secret_name
from gateway.compile.resource import Resource, pack

_SECRET_TIMEOUT = Duration(seconds=2)  # the control plane sends it with the cluster; a lack must not hold up other changes


def authorization_secret(api_id: int, rule: AuthenticationBasic) -> Resource:
    """Return the secret that holds the Authorization header (RFC 7617, in UTF-8)."""
    credentials = rule.username.encode() + b":" + rule.password.value
    header = b"Basic " + base64.b64encode(credentials)
    name = basic_secret_name(api_id)
    return Resource.of(name, Secret(name=name, generic_secret=GenericSecret(secret=DataSource(inline_bytes=header))))


def authorization_filter(api_id: int) -> HttpFilter:
    """Return the filter that puts the header into each call, over whatever the caller has sent; without the secret it refuses the call."""
    source = ConfigSource(ads=AggregatedConfigSource(), resource_api_version=ApiVersion.V3, initial_fetch_timeout=_SECRET_TIMEOUT)
    secret = SdsSecretConfig(name=basic_secret_name(api_id), sds_config=source)
    credential = TypedExtensionConfig(name="authorization", typed_config=pack(Generic(credential=secret, header="Authorization")))
    return HttpFilter(name="authorization", typed_config=pack(CredentialInjector(overwrite=True, credential=credential)))
