"""What a PFX file gives, and why one is refused. [pure]"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from certificates.sealing import Secret

MOST_BYTES = 256 * 1024  # of a file; real ones hold a few kilobytes


class Problem(enum.StrEnum):
    """Why a file cannot be used; :mod:`certificates.problems` holds a sentence for each."""

    WRONG_PASSWORD = "wrong-password"  # noqa: S105 - a reason
    EMPTY = "empty"
    PEM = "pem"
    DER = "der"
    JKS = "jks"
    ZIP = "zip"
    NOT_PKCS12 = "not-pkcs12"
    TRUNCATED = "truncated"
    DAMAGED = "damaged"
    NO_KEY = "no-key"
    NO_CERTIFICATE = "no-certificate"
    SEVERAL_KEYS = "several-keys"
    TOO_LARGE = "too-large"
    TOO_MUCH_WORK = "too-much-work"
    UNUSABLE_KEY = "unusable-key"
    BUSY = "busy"
    NOT_LOADED = "not-loaded"  # by the gateway; the detail is the sentence that says why
    NOT_ASKED = "not-asked"  # the gateway's loader gave no answer


class UnreadablePfx(Exception):
    """A file that gives no certificate with its private key.

    :ivar problem: why
    :ivar detail: what the sentence names, for instance the key type that the gateway cannot use
    """

    def __init__(self, problem: Problem, detail: str = "") -> None:
        """Hold the reason."""
        super().__init__(f"{problem.value}: {detail}" if detail else problem.value)
        self.problem = problem
        self.detail = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Pfx:
    """A certificate with its private key, as a file gave them."""

    certificate: bytes  # DER
    chain: tuple[bytes, ...]  # DER; the issuer of the leaf first, as far as the file held it
    private_key: Secret  # PKCS#8 DER
