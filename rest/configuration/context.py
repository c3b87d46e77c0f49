"""Who imports, when, from where; and what the reader should know."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User

from certificates.sealing import Secret
from rest.configuration.document import Document
from rest.configuration.secrets.given import Given


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What every kind of entry is brought about with.

    :ivar given: where secrets are
    :ivar delete: whether what is not mentioned is deleted
    :ivar notes: sentences about what is left as it is
    :ivar opened: files that were opened already, which takes a while, by their places
    """

    given: Given
    by: User | None
    now: datetime
    delete: bool = False
    notes: list[str] = field(default_factory=list)
    opened: dict[str, Any] = field(default_factory=dict)

    @property
    def stamp(self) -> dict[str, Any]:
        """The arguments that every action takes."""
        return {"by": self.by, "now": self.now}

    def password(self, entry: Document, place: str, field: str = "password") -> Secret | None:
        """Return the secret that an entry refers to, by ``password`` or, as a file's name alone, by ``password_file``.

        :param field: what it is called in place of that

        :raises rest.envelope.Invalid: if it is not where the reference says
        """
        if reference := entry.get(field):
            return self.given.secret(reference, f"{place}{field}")
        if name := entry.get(f"{field}_file"):
            return Secret(self.given.content(str(name), f"{place}{field}_file").rstrip(b"\r\n"))
        return None
