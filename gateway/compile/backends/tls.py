"""The connection to a back end: what the gateway presents and what it demands. [pure]

Certificate, key and authorities stand inline: a change of any of them changes the cluster, which Envoy warms, swaps and
drains before it acknowledges; a changed secret would leave pooled connections on the old certificate.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from envoy.config.core.v3.base_pb2 import DataSource, TransportSocket
from envoy.extensions.transport_sockets.tls.v3 import common_pb2 as tls
from envoy.extensions.transport_sockets.tls.v3 import secret_pb2 as secrets
from envoy.extensions.transport_sockets.tls.v3.tls_pb2 import CommonTlsContext, UpstreamTlsContext
from envoy.type.matcher.v3.string_pb2 import StringMatcher
from google.protobuf.wrappers_pb2 import BoolValue, UInt32Value

from apis.policy.model import Backend
from certificates.identity import Identity
from gateway.compile.backends.tls_parameters import tls_parameters
from gateway.compile.names import TRUST_BUNDLE
from gateway.compile.resource import pack


def transport_socket(backend: Backend, identity: Identity | None, *, host: str) -> TransportSocket:
    """Return the TLS socket towards *host*, one of those of *backend*, presenting *identity* if there is one."""
    common = CommonTlsContext(
        tls_params=tls_parameters(backend),
        tls_certificates=[_certificate(identity)] if identity else [],
        **_validation(backend, host),
    )
    context = UpstreamTlsContext(
        common_tls_context=common,
        sni="" if is_address(host) else host,
        max_session_keys=UInt32Value(value=4),
        allow_renegotiation=backend.asks_later,
        enforce_rsa_key_usage=BoolValue(value=False),  # old authorities write it carelessly, and other clients do not mind
    )
    return TransportSocket(name="envoy.transport_sockets.tls", typed_config=pack(context))


def _certificate(identity: Identity) -> tls.TlsCertificate:
    return tls.TlsCertificate(
        certificate_chain=DataSource(inline_bytes=identity.certificate_chain_pem),
        private_key=DataSource(inline_bytes=identity.private_key_pem.value),
    )


def _validation(backend: Backend, host: str) -> dict[str, Any]:
    """Return how the back end's certificate is checked, as arguments; none at all is Envoy's way to check nothing."""
    trust = backend.trust
    if not trust.validate_chain:
        return {}
    context = tls.CertificateValidationContext(match_typed_subject_alt_names=_name_matchers(backend, host))
    if trust.trusted_ca:
        context.trusted_ca.inline_string = trust.trusted_ca
        return {"validation_context": context}
    # The system's bundle is a secret of the bootstrap. `system_root_certs` would be ignored without a word.
    combined = CommonTlsContext.CombinedCertificateValidationContext(
        default_validation_context=context,
        validation_context_sds_secret_config=secrets.SdsSecretConfig(name=TRUST_BUNDLE),
    )
    return {"combined_validation_context": combined}


def _name_matchers(backend: Backend, host: str) -> list[tls.SubjectAltNameMatcher]:
    if not backend.trust.validate_name:
        return []
    kind = tls.SubjectAltNameMatcher.IP_ADDRESS if is_address(host) else tls.SubjectAltNameMatcher.DNS
    return [tls.SubjectAltNameMatcher(san_type=kind, matcher=StringMatcher(exact=host))]


def is_address(host: str) -> bool:
    """Return whether *host* is an IP address rather than a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
