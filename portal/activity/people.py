"""Accounts as the subject of lines."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User


@dataclass(frozen=True, slots=True)
class Account:
    """A person, as a line tells of them; it outlives the account."""

    pk: int | str
    name: str

    @classmethod
    def of(cls, user: User) -> Account:
        """Return the account of *user*."""
        return cls(user.pk, user.get_username())
