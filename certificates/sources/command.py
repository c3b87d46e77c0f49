"""``manage.py certificates replace``: what pipelines bring, with the same judgement as an upload."""

from __future__ import annotations

import codecs
import sys
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from certificates import problems
from certificates.actions import AlreadyUploaded
from certificates.doubts import UNPROTECTED
from certificates.facts import Facts
from certificates.loading import open_loadable
from certificates.models import Certificate, ClientCertificate, ServerCertificate
from certificates.pfx import MOST_BYTES, Pfx, UnreadablePfx, joined
from certificates.sealing import Secret
from certificates.sources.delivery import Origin, deliver
from certificates.sources.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.contrib.auth.models import User

STANDARD_INPUT = "-"


class Refused(Exception):
    """What was brought is not taken; the message is a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """What has become of the entry.

    :ivar changed: whether another version than before is current now
    :ivar waits: whether what was brought waits for another person to confirm it; version and thumbprint are of what is current until then
    :ivar canary: the API that presents what was brought before the others do; likewise
    :ivar warnings: why the other side may refuse it
    """

    certificate: str
    version: int
    thumbprint: str
    changed: bool
    waits: bool
    canary: str
    warnings: list[str]

    def as_json(self) -> dict[str, object]:
        """Return it as a script reads it; a canary only where there is one."""
        return {name: value for name, value in asdict(self).items() if value or name != "canary"}


def entry_named(name: str, kind: type[ClientCertificate | ServerCertificate]) -> Certificate:
    """Return the entry of that name, in whatever case.

    :raises Refused: if there is none
    """
    entry = kind.objects.named(name).select_related("current").first()
    if entry is None:
        raise Refused(f"There is no {kind._meta.verbose_name} named {name}.")
    return entry


def replace(entry: Certificate, files: Sequence[str], *, password_file: str, by: User | None, now: datetime) -> Replaced:
    """Make what *files* hold the current version of *entry*; nothing happens if it is.

    Where the entry says that another person confirms, it waits for that.

    :param files: a .pfx file; or certificate, chain and key in PEM or DER, in one file or several; ``-`` for standard input
    :param password_file: a file whose one line is the password, ``-`` for standard input; empty if there is none
    :raises Refused: if a file cannot be read, or they hold no certificate that could be used
    """
    if [*files, password_file].count(STANDARD_INPUT) > 1:
        raise Refused("Standard input can be read once: name files for the others.")
    pfx = _opened(files, password_file, now)
    try:
        replaced = deliver(entry, pfx, source=Origin.COMMAND, by=by, now=now)
    except (AlreadyUploaded, Trouble) as refusal:
        raise Refused(str(refusal)) from refusal
    version = replaced.current
    assert version is not None  # noqa: S101 - an entry is made with its first version
    sent = Facts.of(pfx.certificate).thumbprint_sha256
    goes_ahead = replaced.ahead is not None and replaced.ahead.thumbprint_sha256 == sent
    notes = [str(UNPROTECTED)] if pfx.unprotected and password_file else []
    return Replaced(
        certificate=entry.name,
        version=version.number,
        thumbprint=version.thumbprint,
        changed=version.pk != entry.current_id,
        waits=version.thumbprint_sha256 != sent and not goes_ahead,
        canary=replaced.canary if goes_ahead else "",
        warnings=[*version.doubts(now=now), *notes],
    )


def _opened(files: Sequence[str], password_file: str, now: datetime) -> Pfx:
    data = joined([_read(file) for file in files])
    try:
        return open_loadable(data, _password(password_file), now=now)
    except UnreadablePfx as refusal:
        where = password_file if password_file and problems.field(refusal) == "password" else " ".join(files)
        raise Refused(f"{where}: {problems.sentence(refusal)}") from None


def _password(file: str) -> Secret:
    """Return the line in a file, without the line end that editors and shells put behind it."""
    if not file:
        return Secret(b"")
    return Secret(_read(file).removeprefix(codecs.BOM_UTF8).removesuffix(b"\n").removesuffix(b"\r"))


def _read(file: str) -> bytes:
    """Return a file, and a little more than one may hold at most.

    :raises Refused: if it cannot be read
    """
    try:
        if file == STANDARD_INPUT:
            return sys.stdin.buffer.read(MOST_BYTES + 1)
        with Path(file).open("rb") as opened:
            return opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise Refused(f"{file} cannot be read: {error.strerror}.") from error
