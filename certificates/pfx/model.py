"""What a file with a certificate and its private key gives, and why one is refused. [pure]"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from certificates.sealing import Secret

MOST_BYTES = 256 * 1024  # of a file; real ones hold a few kilobytes
MOST_ITERATIONS = 5_000_000  # of a whole file; what the JDK lets one derivation ask for


class Problem(enum.StrEnum):
    """Why a file cannot be used; :mod:`certificates.problems` holds a sentence for each."""

    WRONG_PASSWORD = "wrong-password"  # noqa: S105 - a reason
    PASSWORD_NEEDED = "password-needed"  # noqa: S105 - a reason
    OPENSSH_KEY = "openssh-key"
    NO_PASSWORD_NEEDED = "no-password-needed"  # noqa: S105
    OTHER_KEY_PASSWORD = "other-key-password"  # noqa: S105
    WINDOWS_ACCOUNTS = "windows-accounts"
    UNKNOWN_PROTECTION = "unknown-protection"
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
    UNUSABLE_CERTIFICATE = "unusable-certificate"
    BROKEN_KEY = "broken-key"
    BROKEN_CERTIFICATE = "broken-certificate"
    BUSY = "busy"
    NOT_LOADED = "not-loaded"  # by the gateway; the detail is the sentence that says why
    NOT_ASKED = "not-asked"  # the gateway's loader gave no answer
    REQUEST = "request"  # from here on: what was brought as the answer to a signing request
    OTHER_KEY = "other-key"
    ONLY_CHAIN = "only-chain"
    ANSWER_EXPIRED = "answer-expired"
    KEY_AS_ANSWER = "key-as-answer"
    NO_ANSWER = "no-answer"


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


class Reason(enum.StrEnum):
    """Why a certificate of a file is not presented; :mod:`certificates.problems` holds a sentence for each."""

    SAME_KEY = "same-key"
    SAME_KEY_EXPIRED = "same-key-expired"
    SAME_KEY_NOT_YET_VALID = "same-key-not-yet-valid"
    SAME_ISSUER = "same-issuer"
    SAME_ISSUER_EXPIRED = "same-issuer-expired"
    SAME_ISSUER_NOT_YET_VALID = "same-issuer-not-yet-valid"
    NO_LINK = "no-link"
    NOT_LOADED = "not-loaded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """A certificate of a file that is not presented."""

    name: str
    thumbprint: str
    not_before: datetime
    not_after: datetime
    reason: Reason

    def as_json(self) -> dict[str, str]:
        """Return it as it is stored and sent."""
        moments = {"not_before": self.not_before.isoformat(), "not_after": self.not_after.isoformat()}
        return {"name": self.name, "thumbprint": self.thumbprint, **moments, "reason": self.reason.value}

    @classmethod
    def from_json(cls, stored: dict[str, str]) -> Self:
        """Return what :meth:`as_json` gave.

        :raises ValueError: if it is something else
        """
        moments = {name: datetime.fromisoformat(stored[name]) for name in ("not_before", "not_after")}
        return cls(name=stored["name"], thumbprint=stored["thumbprint"], **moments, reason=Reason(stored["reason"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pfx:
    """A certificate with its private key, as a file gave them."""

    certificate: bytes  # DER
    chain: tuple[bytes, ...]  # DER; the issuer of the leaf first, as far as the file held it
    private_key: Secret  # PKCS#8 DER
    aside: tuple[Aside, ...] = ()  # what is not presented, in the order of the file
    unprotected: bool = field(default=False, compare=False)  # the file had no password; how it was kept, no part of what it gave
