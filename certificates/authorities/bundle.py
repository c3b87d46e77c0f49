"""Certificates of authorities that are trusted together. [pure]"""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from certificates.facts import Facts
from certificates.x509.pem import pem_of

_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----")


@dataclass(frozen=True, slots=True)
class Bundle:
    """The certificates that a text in PEM holds, at least one."""

    pem: str
    ders: tuple[bytes, ...]
    facts: tuple[Facts, ...]

    @property
    def digest(self) -> str:
        """What bundles of the same certificates have in common, in whatever order: whoever is trusted by one is by the other."""
        return hashlib.sha256(b"".join(sorted(hashlib.sha256(der).digest() for der in self.ders))).hexdigest()

    @property
    def first(self) -> Facts:
        """The certificate that it is called by."""
        return self.facts[0]

    @property
    def label(self) -> str:
        """The subject of the first certificate."""
        return self.first.shown_name

    @property
    def not_after(self) -> datetime:
        """When the first of them ends."""
        return min(one.not_after for one in self.facts)

    @property
    def words(self) -> str:
        """What it is searched by: subjects and thumbprints."""
        return "\n".join(text for one in self.facts for text in (one.shown_name, one.thumbprint, one.thumbprint_sha256))


@functools.lru_cache(maxsize=512)
def bundle_of(pem: str) -> Bundle:
    """Return what a text holds: each certificate once, written as everybody does.

    :raises ValueError: if that is no certificate, or one of them cannot be read
    """
    ders = tuple(dict.fromkeys(base64.b64decode("".join(block.split()), validate=True) for block in _BLOCK.findall(pem)))
    if not ders:
        raise ValueError("There is no certificate in it.")
    return Bundle("".join(map(pem_of, ders)), ders, tuple(Facts.of(der) for der in ders))
