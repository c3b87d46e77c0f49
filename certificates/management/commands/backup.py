"""`manage.py backup FILE`: everything in one file, while everything runs."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from certificates.backups import actions, passphrases, sealed
from certificates.sealing import SealingError


class Command(BaseCommand):
    help = (
        "Write all rows to one file and, sealed, the ring of encryption keys and the secret key; portal and gateways go on meanwhile. "
        "The passphrase is read from standard input unless a file or a public key is named."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="where to write it; what is there is replaced once the new one is whole")
        lock = parser.add_mutually_exclusive_group()
        lock.add_argument("--passphrase-file", type=Path, help="the keys open with the passphrase in this file")
        lock.add_argument(
            "--public-key", type=Path, help="the keys open with the private key of this public key or certificate (PEM; RSA, EC)"
        )
        parser.add_argument("--json", action="store_true", help="answer in JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        file: Path = options["file"]
        try:
            if public_key := options["public_key"]:
                lock = sealed.for_public_key(public_key.read_bytes())
            else:
                lock = sealed.for_passphrase(passphrases.read(options["passphrase_file"], confirm=True))
            made = actions.make(file, lock, now=timezone.now())
        except (sealed.CannotSeal, SealingError) as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"The database does not answer: {str(error).strip()}") from error
        except OSError as error:
            raise CommandError(f"{error.filename or file}: {error.strerror or error}. No backup was made.") from error
        if options["json"]:
            self.stdout.write(json.dumps({"file": str(file), "rows": made.rows, "secrets": made.secrets, "change": made.line}))
        else:
            self.stdout.write(
                f"Wrote {file}: {made.rows} rows, {made.secrets} secrets. `manage.py restore {file} --verify` proves that it opens."
            )
