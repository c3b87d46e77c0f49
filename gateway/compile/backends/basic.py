"""HTTP basic credentials towards a back end. [pure]"""

from __future__ import annotations

import base64

from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import HttpFilter

from apis.policy.model import AuthenticationBasic
from gateway.compile.backends.injecting import injector, secret_of
from gateway.compile.names import basic_secret_name
from gateway.compile.resource import Resource


def authorization_secret(api_id: int, rule: AuthenticationBasic) -> Resource:
    """Return the secret that holds the Authorization header (RFC 7617, in UTF-8)."""
    credentials = rule.username.encode() + b":" + rule.password.value
    return secret_of(basic_secret_name(api_id), b"Basic " + base64.b64encode(credentials))


def authorization_filter(api_id: int) -> HttpFilter:
    """Return the filter that puts the header into each call."""
    return injector(basic_secret_name(api_id), "Authorization")
