"""`manage.py restore FILE`: prove a backup, and put it in the place of everything."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from certificates.backups import actions, passphrases, sealed
from certificates.backups.archive import BadBackup, Reader
from certificates.sealing import SealingError, Secret
from portal import installation


class Command(BaseCommand):
    help = (
        "Read a backup whole, open every secret in it, and only then put it in the place of all rows, in one transaction; portal and "
        "gateways may run. The passphrase is read from standard input unless a file is named."
    )
    requires_system_checks = ()  # what is broken is why somebody restores

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--verify", action="store_true", help="only prove that it is whole and opens; nothing is changed")
        key = parser.add_mutually_exclusive_group()
        key.add_argument("--passphrase-file", type=Path, help="the passphrase that the backup was sealed to")
        key.add_argument("--private-key", type=Path, help="the private key (PEM) of the public key that the backup was sealed to")
        parser.add_argument("--json", action="store_true", help="answer in JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        file: Path = options["file"]
        try:
            with Reader(file) as reader:
                if private_key := options["private_key"]:
                    key_of = sealed.with_private_key(Secret(private_key.read_bytes()))
                else:
                    key_of = sealed.with_passphrase(passphrases.read(options["passphrase_file"]))
                proven = actions.prove(reader, key_of)
                if not options["verify"]:
                    self._restore(reader, proven, file)
        except (BadBackup, sealed.CannotSeal, sealed.DoesNotOpen, SealingError, actions.CannotRestore, ImproperlyConfigured) as error:
            raise CommandError(f"{error} Nothing was changed.") from error
        except DatabaseError as error:
            raise CommandError(f"The database cannot be written: {str(error).strip()}. Its rows are as they were.") from error
        except OSError as error:
            raise CommandError(f"{error.filename or file}: {error.strerror or error}. The rows are as they were.") from error
        told = {"file": str(file), "madeAt": proven.made_at, "rows": proven.rows, "secrets": proven.secrets, "change": proven.line}
        if options["json"]:
            self.stdout.write(json.dumps(told | {"restored": not options["verify"]}))
            return
        done = "It is whole, and every secret opens" if options["verify"] else "It was restored; everybody has to sign in again"
        self.stdout.write(f"{file} of {proven.made_at}: {proven.rows} rows, {proven.secrets} secrets. {done}.")

    @staticmethod
    def _restore(reader: Reader, proven: actions.Proven, file: Path) -> None:
        installation.private_home()
        installation.tables()
        actions.restore(reader, proven, name=file.name, now=timezone.now())
