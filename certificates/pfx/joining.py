"""Several files as one: certificate and key of one identity come as two files, in PEM or in DER. [pure]"""

from __future__ import annotations

import base64
from collections.abc import Iterable

from certificates import ber
from certificates.ber import Malformed
from certificates.pfx import formats

_CONTENT = 0  # the context tag of what a ContentInfo holds (RFC 5652, 3)
_LABELS = {
    (ber.INTEGER, ber.SEQUENCE): "PRIVATE KEY",
    (ber.INTEGER, ber.INTEGER): "RSA PRIVATE KEY",
    (ber.INTEGER, ber.OCTETS): "EC PRIVATE KEY",
    (ber.SEQUENCE, ber.OCTETS): "ENCRYPTED PRIVATE KEY",
    (ber.SEQUENCE, ber.SEQUENCE): "CERTIFICATE",
    (ber.OID, _CONTENT): "PKCS7",
}


def joined(parts: Iterable[bytes]) -> bytes:
    """Return *parts* as one PEM text; a sole one, or one that is a whole PFX file, as it is."""
    sent = [part for part in parts if part.strip()]
    if len(sent) < 2:  # noqa: PLR2004 - nothing to join
        return sent[0] if sent else b""
    texts = [formats.unwrapped(part) for part in sent]
    return next((text for text in texts if formats.is_pkcs12(text)), b"\n".join(_as_pem(text) for text in texts))


def _as_pem(data: bytes) -> bytes:
    """Return PEM as it is, DER in PEM; what is neither stays, and is named when it is read."""
    if formats.PEM_BEGIN in data or not (label := _label(data)):
        return data
    return f"-----BEGIN {label}-----\n{base64.encodebytes(data).decode()}-----END {label}-----\n".encode()


def _label(data: bytes) -> str:
    """Return what PEM calls the DER *data*, nothing if it is neither certificate nor key."""
    try:
        first, second = ber.leading(ber.sole(data), 2)
    except Malformed:
        return ""
    return _LABELS.get((first.tag, second.tag), "")
