"""``manage.py export``: write the whole configuration as YAML. The same as ``manage.py configuration export``."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from rest.configuration.commands import exporting


class Command(BaseCommand):
    help = "Write the whole configuration as YAML to standard output, by default without secrets."

    def add_arguments(self, parser: CommandParser) -> None:
        exporting.add_arguments(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        exporting.run(self.stdout, options)
