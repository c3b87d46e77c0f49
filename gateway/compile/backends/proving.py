"""What is sent to an API's back end besides a client certificate: the secrets, and the filters that put them into calls. [pure]"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import HttpFilter

from apis.policy.model import AuthenticationBasic, Policy
from apis.policy.oauth import AuthenticationOAuth2
from apis.policy.proofs import AuthenticationSharedSecret
from certificates.identity import Identity
from gateway.compile.backends.basic import authorization_filter, authorization_secret
from gateway.compile.backends.shared_secret import filters_of, shared_secret
from gateway.compile.backends.token_source import token_filter, token_source
from gateway.compile.resource import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """Secrets, and the filters that put them into calls; nothing of both: nothing is sent."""

    secrets: tuple[Resource, ...] = ()
    filters: Sequence[HttpFilter] = ()


def sent_to(policy: Policy, identity: Identity | None) -> Sent:
    """Return what is sent to the back end of *policy*, which presents *identity*."""
    for rule in policy.inbound:
        match rule:
            case AuthenticationBasic():
                return Sent(secrets=(authorization_secret(policy.api_id, rule),), filters=[authorization_filter(policy.api_id)])
            case AuthenticationSharedSecret():
                return Sent(secrets=(shared_secret(policy.api_id, rule),), filters=filters_of(policy.api_id, rule))
            case AuthenticationOAuth2():
                return Sent(secrets=(token_source(policy.api_id, rule, identity),), filters=[token_filter(policy.api_id)])
    return Sent()
