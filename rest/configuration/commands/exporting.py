"""Writing the configuration to standard output."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser, OutputWrapper
from django.utils import timezone

from rest.configuration.commands.reading import add_passphrase_argument, passphrase
from rest.configuration.exporting import configuration, note_export
from rest.configuration.secrets.keeping import Encrypted, InEnvironment, InFiles, Keeper, Nowhere
from rest.configuration.secrets.sealed import BadKey, Lock
from rest.configuration.text import write

_HEAD = """\
# The configuration of a publisher portal. Secrets do not stand here in clear text: where there are none, an import leaves those alone
# that are there. One is brought along by {file: …}, {env: …} or {sealed: …}, a certificate also by "pfx: file.pfx".
"""
_FILES, _ENVIRONMENT, _ENCRYPTED = "files", "environment", "encrypted"


def add_arguments(parser: CommandParser) -> None:
    """Add what says where secrets go."""
    kinds = (_FILES, _ENVIRONMENT, _ENCRYPTED)
    parser.add_argument("--secrets", choices=kinds, help="where secrets go: files of their own, variables to be set, or encrypted in it")
    parser.add_argument("--folder", metavar="FOLDER", default="secrets", help="of the files of --secrets files; named as seen from here")
    parser.add_argument("--recipient", action="append", default=[], metavar="KEY", help="a public key of age (or SSH) to encrypt to")
    add_passphrase_argument(parser)


def run(stdout: OutputWrapper, options: dict[str, Any]) -> None:
    """Write it.

    :raises CommandError: if secrets cannot go where they should
    """
    try:
        text = write(configuration(_keeper(options)))
    except BadKey as refusal:
        raise CommandError(str(refusal)) from refusal
    except OSError as error:
        raise CommandError(f"Secrets cannot be written to {options['folder']}: {error.strerror}.") from error
    note_export(by=None, now=timezone.now(), secrets=options["secrets"] or "")
    stdout.write(_HEAD + text, ending="")


def _keeper(options: dict[str, Any]) -> Keeper:
    match options["secrets"]:
        case "files":
            return InFiles(Path(options["folder"]), seen_from=Path.cwd())
        case "environment":
            return InEnvironment()
        case "encrypted":
            return Encrypted(_lock(options))
        case _:
            return Nowhere()


def _lock(options: dict[str, Any]) -> Lock:
    words, recipients = options["passphrase_file"], tuple(options["recipient"])
    if bool(words) == bool(recipients):
        raise CommandError("Say what opens the encrypted secrets: --recipient or --passphrase-file, one of both.")
    return Lock(recipients=recipients, passphrase=passphrase(words))
