"""``manage.py import FILE``: bring the configuration to what a file says, told line by line."""  # noqa: N999 - the word for it

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from rest.configuration.commands import applying
from rest.configuration.commands.reading import add_reading_arguments


class Command(BaseCommand):
    help = "Bring the configuration to what a YAML file says; what it does not mention stays. All of it happens, or nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        add_reading_arguments(parser)
        parser.add_argument("--dry-run", action="store_true", help="tell what would change, and change nothing")
        parser.add_argument("--json", action="store_true", help="answer in JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        done = not options["dry_run"]
        imported = applying.apply(options, dry_run=not done)
        applying.tell(self, imported, done=done, in_json=options["json"], tell_change=applying.in_lines)
