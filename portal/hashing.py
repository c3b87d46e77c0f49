"""Hashing passwords: as costly as OWASP asks for, and only one at once per process, because anybody can ask for it."""

from __future__ import annotations

from django.contrib.auth.hashers import Argon2PasswordHasher

from portal.turns import Turns

_turns = Turns(at_once=1, waiting=8, seconds=10)


class PortalPasswordHasher(Argon2PasswordHasher):
    """Argon2id with 46 MiB, one pass and one lane (OWASP Password Storage Cheat Sheet).

    Of the figures given there as equal these have the most memory: the C library gives blocks of more than 32 MiB back at once, and keeps
    smaller ones for each thread that has ever had one. Django's own 100 MiB come to gigabytes where many sign in at once. Hashes made with
    other figures are made anew at the next sign-in.

    :raises portal.turns.Busy: if too many wait already
    """

    memory_cost = 46 * 1024  # KiB
    time_cost = 1
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        """Hash, in turn."""
        with _turns.turn():
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        """Check, in turn."""
        with _turns.turn():
            return super().verify(password, encoded)
