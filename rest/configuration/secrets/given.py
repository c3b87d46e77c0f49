"""Where a file's secrets are when it is read: in files beside it, in the environment, or encrypted in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from certificates.sealing import Secret
from rest.envelope import Fault, Invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The places that may be looked at.

    :ivar folder: what names of files are relative to; ``None``: files are not read
    :ivar environment: ``None``: it is not read
    :ivar sealed: those that were encrypted in the file, opened
    """

    folder: Path | None = None
    environment: Mapping[str, str] | None = None
    sealed: Mapping[str, Secret] = field(default_factory=dict)

    def content(self, name: str, place: str) -> bytes:
        """Return the content of a file.

        :raises Invalid: if files are not read here, or it cannot be
        """
        if self.folder is None:
            raise Invalid(Fault(place, _("Files and the environment are read by the command alone. Encrypt the secrets in the file.")))
        try:
            return (self.folder / name).read_bytes()
        except OSError as error:
            raise Invalid(Fault(place, _("%(file)s cannot be read: %(reason)s.") % {"file": name, "reason": error.strerror})) from error
        except ValueError as error:  # a NUL in it
            raise Invalid(Fault(place, _("This is no name of a file."))) from error

    def text(self, reference: Mapping[str, Any], place: str) -> str:
        """Return the text that a reference stands for.

        :raises Invalid: if it is not where the reference says, or no text
        """
        return text_of(self.secret(reference, place), place)

    def secret(self, reference: Mapping[str, Any], place: str) -> Secret:
        """Return what a reference stands for.

        :raises Invalid: if it is not where the reference says
        """
        if name := reference.get("file"):
            return Secret(self.content(str(name), f"{place}.file").rstrip(b"\r\n"))
        if name := reference.get("env"):
            return self._of_environment(str(name), f"{place}.env")
        if name := reference.get("named_value"):
            return Secret(f"{{{{{name}}}}}".encode())  # as people write it
        name = str(reference.get("sealed", ""))
        if name not in self.sealed:
            raise Invalid(Fault(f"{place}.sealed", _("Among the encrypted secrets there is none of this name.")))
        return self.sealed[name]

    def _of_environment(self, name: str, place: str) -> Secret:
        if self.environment is None:
            raise Invalid(Fault(place, _("Files and the environment are read by the command alone. Encrypt the secrets in the file.")))
        if (value := self.environment.get(name)) is None:
            raise Invalid(Fault(place, _("The environment variable %(name)s is not set.") % {"name": name}))
        return Secret(value.encode("utf-8", "surrogateescape"))


def text_of(secret: Secret, place: str) -> str:
    """Return a secret as text: what is none is not to become another one unnoticed.

    :raises Invalid: if it is no text
    """
    try:
        return secret.value.decode()
    except UnicodeDecodeError:
        raise Invalid(Fault(place, _("This is no text in UTF-8."))) from None
