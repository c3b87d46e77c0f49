"""Certificates as PEM (RFC 7468). [pure]"""

from __future__ import annotations

import base64

_LINE = 64  # characters of base64: section 2


def pem_of(der: bytes) -> str:
    """Return a certificate in PEM."""
    text = base64.b64encode(der).decode()
    lines = (text[start : start + _LINE] for start in range(0, len(text), _LINE))
    return "\n".join(("-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""))
