"""What the gateway presents to a back end: a certificate chain and its private key, as PEM. [pure]"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from certificates.sealing import Secret

_LINE = 64  # characters; RFC 7468


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A client certificate ready to be presented. Equal identities have equal bytes."""

    certificate_chain_pem: bytes  # the leaf first, then the certificates above it in order
    private_key_pem: Secret  # PKCS#8, unencrypted

    @property
    def thumbprint(self) -> str:
        """The leaf's SHA-1, 40 hexadecimal digits, as the published product names certificates."""
        leaf = self.certificate_chain_pem.partition(b"-----BEGIN CERTIFICATE-----\n")[2].partition(b"-----END")[0]
        return hashlib.sha1(base64.b64decode(leaf)).hexdigest().upper()  # noqa: S324 - the thumbprint's definition

    @classmethod
    def of(cls, certificate: bytes, chain: Iterable[bytes], private_key: Secret) -> Self:
        """Return the identity of a DER *certificate*, the DER *chain* above it and its PKCS#8 DER *private_key*."""
        return cls(
            certificate_chain_pem=b"".join(_pem("CERTIFICATE", der) for der in (certificate, *chain)),
            private_key_pem=Secret(_pem("PRIVATE KEY", private_key.value)),
        )


def _pem(label: str, der: bytes) -> bytes:
    """Return *der* in the textual encoding of RFC 7468."""
    text = base64.b64encode(der).decode()
    lines = (text[start : start + _LINE] for start in range(0, len(text), _LINE))
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()
