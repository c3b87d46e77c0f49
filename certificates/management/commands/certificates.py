"""``manage.py certificates confinement`` tells how uploaded files are opened."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from certificates import confined


class Command(BaseCommand):
    help = "Tell how the process that opens uploaded files is confined."
    requires_system_checks = ()  # the portal's start has made those that matter

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="confinement")
        verbs.add_parser("confinement", help="tell in one line how the process that opens uploaded files is confined on this machine")

    def handle(self, *_args: Any, **options: Any) -> None:
        getattr(self, options["verb"])()

    def confinement(self) -> None:
        """Tell what confines the child that opens a file."""
        self.stdout.write(confined.sentence())
