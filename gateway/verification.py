"""Whether a back end's certificate leads to authorities, judged as Envoy does: any of them ends the path, a root or not. [pure]

Envoy checks with BoringSSL's verifier, whose parent OpenSSL's is: dates, signatures, basic constraints, and the purpose of a TLS server.
Names and revocation are not looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from OpenSSL import crypto

_SERVERS = {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What comes of it.

    :ivar objection: why it is not trusted, in the library's words; empty if it is
    :ivar issuer: whom the topmost certificate that was presented names as its issuer
    """

    objection: str = ""
    issuer: str = ""


def verified(chain: Sequence[bytes], authorities: Sequence[bytes]) -> Verdict:
    """Judge what a server has presented.

    :param chain: its certificates, DER, its own first
    :param authorities: DER
    """
    try:
        leaf, *above = (x509.load_der_x509_certificate(der) for der in chain)
        issuer = (above or [leaf])[-1].issuer.rfc4514_string()
        purpose = _objection_to_purpose(leaf)
        store = crypto.X509Store()
        for der in authorities:
            store.add_cert(crypto.X509.from_cryptography(x509.load_der_x509_certificate(der)))
        store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
    except (ValueError, crypto.Error) as error:
        return Verdict(objection=str(error) or "the certificate cannot be read")
    try:
        context = crypto.X509StoreContext(store, crypto.X509.from_cryptography(leaf), [crypto.X509.from_cryptography(one) for one in above])
        context.verify_certificate()
    except crypto.X509StoreContextError as refusal:
        return Verdict(objection=str(refusal), issuer=issuer)
    return Verdict(objection=purpose, issuer=issuer)


def _objection_to_purpose(leaf: x509.Certificate) -> str:
    try:
        purposes = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return ""
    return "" if _SERVERS & set(purposes) else "unsupported certificate purpose"
