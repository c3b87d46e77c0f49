"""Is a server's chain trusted, and does it bear the name that was asked for? [pure]

As Envoy judges it: any trusted certificate may end a path, not only one that has issued itself; a name stands among the alternative names,
never in the subject.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL, crypto

from apis.handshake.seen import Objection


class Judge:
    """Notes what OpenSSL objects to while hands are shaken, and lets it go on."""

    def __init__(self, context: SSL.Context, *, trusted_ca: str, bundle: Path | None) -> None:
        """Have *context* judge by *trusted_ca*, PEM, or where that is empty by the file *bundle*."""
        self.objections: list[Objection] = []
        store = context.get_cert_store()
        assert store is not None  # noqa: S101 - a context has one
        if trusted_ca:
            for one in x509.load_pem_x509_certificates(trusted_ca.encode()):
                store.add_cert(crypto.X509.from_cryptography(one))
        elif bundle:
            context.load_verify_locations(str(bundle))
        store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
        context.set_verify(SSL.VERIFY_PEER, self._look)

    def _look(self, _connection: SSL.Connection, _certificate: crypto.X509, code: int, depth: int, fine: int) -> bool:
        if not fine:
            self.objections.append(Objection(code=code, depth=depth))
        return True

    def anchor_of(self, connection: SSL.Connection) -> bytes:
        """Return the trusted certificate that the chain leads to; nothing if it leads to none."""
        path = connection.get_verified_chain(as_cryptography=True)
        return path[-1].public_bytes(Encoding.DER) if path and not self.objections else b""


def bears_name(certificate: x509.Certificate, host: str) -> bool:
    """Return whether *certificate* is for *host*; an asterisk stands for one whole first label (RFC 9525, 6.3)."""
    return any(_is_for(name, host.lower()) for name in names_of(certificate))


def names_of(certificate: x509.Certificate) -> list[str]:
    """Return the host names and addresses that *certificate* is for."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    return [*found.get_values_for_type(x509.DNSName), *(str(one) for one in found.get_values_for_type(x509.IPAddress))]


def _is_for(name: str, host: str) -> bool:
    try:
        return ipaddress.ip_address(name) == ipaddress.ip_address(host)
    except ValueError:
        name = name.lower()
    return name == host or (name.startswith("*.") and name[1:] == "." + host.partition(".")[2])
