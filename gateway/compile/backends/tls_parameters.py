"""What the gateway can agree on with a back end over TLS: versions, cipher suites, curves, signatures. [pure]"""

from __future__ import annotations

from envoy.extensions.transport_sockets.tls.v3.common_pb2 import TlsParameters

from apis.handshake.offers import OLD_SUITES, SUITES
from apis.policy.model import Backend

# A key is made ready for the first one only, so that the others cost a handshake nothing. P-384 and P-521 client certificates
# towards servers that know only TLS 1.2 need their curves named.
_CURVES = ("X25519", "P-256", "P-384", "P-521", "X25519MLKEM768")
_SIGNATURES = (
    "ecdsa_secp256r1_sha256",
    "rsa_pss_rsae_sha256",
    "rsa_pkcs1_sha256",
    "ecdsa_secp384r1_sha384",
    "rsa_pss_rsae_sha384",
    "rsa_pkcs1_sha384",
    "rsa_pss_rsae_sha512",
    "rsa_pkcs1_sha512",
    "ecdsa_secp521r1_sha512",
    "ed25519",
)
# What only old servers need, and nobody should (RFC 8996, RFC 9155).
_OLD_SIGNATURES = ("rsa_pkcs1_sha1", "ecdsa_sha1")


def tls_parameters(backend: Backend) -> TlsParameters:
    """Return what may be agreed on with *backend*."""
    old = backend.older_servers
    return TlsParameters(
        tls_minimum_protocol_version=TlsParameters.TLSv1_0 if old else TlsParameters.TLSv1_2,
        tls_maximum_protocol_version=_newest(backend),
        cipher_suites=SUITES + (OLD_SUITES if old else ()),
        ecdh_curves=_CURVES,
        signature_algorithms=_SIGNATURES + (_OLD_SIGNATURES if old else ()),
    )


def _newest(backend: Backend) -> TlsParameters.TlsProtocol:
    """Return the newest TLS to speak; 1.3 is off towards back ends unless named.

    TLS 1.3 knows no renegotiation, and what it has in its place (RFC 8446, 4.6.2) Envoy's library does not.
    """
    return TlsParameters.TLSv1_2 if backend.asks_later else TlsParameters.TLSv1_3
