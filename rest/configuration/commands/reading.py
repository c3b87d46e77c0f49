"""What the commands about configuration files share: reading files with their overlays, and what opens or closes their secrets."""

from __future__ import annotations

import getpass
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from certificates.sealing import Secret
from rest.configuration.commands.arguments import person
from rest.configuration.context import Context
from rest.configuration.importing import doubles_of
from rest.configuration.overlays import laid_over
from rest.configuration.secrets.given import Given
from rest.configuration.secrets.sealed import Keys
from rest.configuration.text import NotRead, read
from rest.envelope import Invalid

_FROM_TERMINAL = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a command is to read, and as whom."""

    document: Any
    context: Context
    keys: Keys


def add_reading_arguments(parser: CommandParser) -> None:
    """Add what names the files, and what opens their secrets."""
    parser.add_argument("file", help="the file, YAML or JSON; - for standard input. Files it names are looked for beside it")
    parser.add_argument("--overlay", action="append", default=[], metavar="FILE", help="what differs here, laid over the file")
    parser.add_argument("--delete-unmentioned", action="store_true", help="delete what the file's sections do not mention")
    parser.add_argument("--user", metavar="NAME", help="in whose name the activity log notes it")
    parser.add_argument("--identity", action="append", default=[], metavar="FILE", help="a private key of age (or SSH) for its secrets")
    add_passphrase_argument(parser)


def add_passphrase_argument(parser: CommandParser) -> None:
    """Add the passphrase of encrypted secrets."""
    parser.add_argument("--passphrase-file", metavar="FILE", help="holds the passphrase of the encrypted secrets; - asks for it")


def asked(options: dict[str, Any]) -> Asked:
    """Return what the arguments of :func:`add_reading_arguments` say.

    :raises CommandError: if a file cannot be read, or there is nobody of the name
    """
    name = options["file"]
    folder = Path(name).resolve().parent if name != "-" else Path.cwd()
    given = Given(folder=folder, environment=os.environ)
    by = person(options["user"]) if options["user"] else None
    context = Context(given=given, by=by, now=timezone.now(), delete=options["delete_unmentioned"])
    identities = tuple(one for file in options["identity"] for one in _identities(file))
    keys = Keys(identities=identities, passphrase=passphrase(options["passphrase_file"]))
    return Asked(document=_document(name, options["overlay"]), context=context, keys=keys)


def passphrase(file: str | None) -> Secret | None:
    """Return the passphrase in a file, or typed at the terminal.

    :raises CommandError: if it cannot be read, or is empty
    """
    if not file:
        return None
    text = getpass.getpass("Passphrase: ") if file == _FROM_TERMINAL else _text_of(file).rstrip("\r\n")
    if not text:
        raise CommandError("The passphrase is empty.")
    return Secret(text.encode())


def refused(refusal: Invalid) -> CommandError:
    """Return what a command says of a document that cannot be."""
    lines = [f"{fault.target}: {fault.message}" for fault in refusal.faults]
    return CommandError("\n".join(["Nothing was changed.", *lines]))


def _document(name: str, overlays: list[str]) -> Any:
    document = _values(name)
    for overlay in overlays:
        over = _values(overlay)
        if not isinstance(over, dict):
            raise CommandError(f"{overlay} is no object, so it cannot be laid over a configuration.")
        document = laid_over(document, over)
    return document


def _values(name: str) -> Any:
    text = sys.stdin.read() if name == "-" else _text_of(name)
    try:
        values = read(text)
    except NotRead as refusal:
        raise CommandError(f"{name}: {refusal}") from refusal
    if isinstance(values, dict) and (doubles := list(doubles_of(values))):
        raise CommandError("\n".join(["Nothing was changed.", *(f"{fault.target}: {fault.message}" for fault in doubles)]))
    return values


def _text_of(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{name} is no text in UTF-8 (byte {error.start + 1}).") from error


def _identities(file: str) -> list[Secret]:
    """Return the private keys in a file: those of age one a line, with comments, or one of SSH."""
    text = _text_of(file)
    if text.startswith("-----BEGIN"):
        return [Secret(text.encode())]
    lines = [line.strip() for line in text.splitlines()]
    if found := [Secret(line.encode()) for line in lines if line and not line.startswith("#")]:
        return found
    raise CommandError(f"{file} holds no private key of age.")
