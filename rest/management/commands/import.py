"""``manage.py import FILE``: bring the configuration to what a file says."""  # noqa: N999 - the word for it

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from rest.configuration import Importer
from rest.envelope import Invalid
from rest.management.arguments import person


class Command(BaseCommand):
    help = "Bring the configuration to what a YAML file says; what it does not mention stays. All of it happens, or nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="the file, as `export` writes it; - for standard input. Files it names are looked for beside it")
        parser.add_argument("--dry-run", action="store_true", help="tell what would change, and change nothing")
        parser.add_argument("--delete-unmentioned", action="store_true", help="delete what the file's sections do not mention")
        parser.add_argument("--user", metavar="NAME", help="in whose name the activity log notes it")
        parser.add_argument("--json", action="store_true", help="answer in JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        document, folder = _read(options["file"])
        by = person(options["user"]) if options["user"] else None
        importer = Importer(folder=folder, by=by, now=timezone.now(), delete_unmentioned=options["delete_unmentioned"])
        try:
            with transaction.atomic():
                importer.run(document)
                transaction.set_rollback(options["dry_run"])
        except Invalid as refusal:
            raise CommandError(
                "Nothing was changed.\n" + "\n".join(f"{fault.target}: {fault.message}" for fault in refusal.faults)
            ) from refusal
        self._tell(importer, options)

    def _tell(self, importer: Importer, options: dict[str, Any]) -> None:
        if options["json"]:
            self.stdout.write(json.dumps({"applied": not options["dry_run"], "changes": importer.changes, "notes": importer.notes}))
            return
        for line in importer.changes:
            self.stdout.write(line)
        for note in importer.notes:
            self.stderr.write(note)
        count = len(importer.changes)
        self.stdout.write(f"{count} changes would be made." if options["dry_run"] else f"{count} changes were made.")


def _read(name: str) -> tuple[Any, Path]:
    """Return the document and the folder that the files it names are relative to."""
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
        return yaml.safe_load(text), Path(name).resolve().parent if name != "-" else Path.cwd()
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CommandError(f"{name} is not YAML: {error}") from error
