"""``manage.py configuration``: the declared configuration: export, plan, apply, and the schema that editors help by."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from rest.configuration.commands import applying, exporting
from rest.configuration.commands.reading import add_reading_arguments
from rest.configuration.whole import shape

_PATIENCE = 60  # seconds


class Command(BaseCommand):
    help = "Export the configuration, tell what a file would change, or bring the configuration to what it says."

    def add_arguments(self, parser: CommandParser) -> None:
        words = parser.add_subparsers(dest="what", required=True, metavar="export|plan|apply|schema")
        exporting.add_arguments(words.add_parser("export", help="write the whole configuration as YAML"))
        plan = words.add_parser("plan", help="tell in sentences what a file would change, and which calls that touches")
        plan.add_argument("--exit-code", action="store_true", help=f"exit with {applying.DIFFERENT} if something would change")
        apply = words.add_parser("apply", help="bring the configuration to what a file says, all of it or nothing")
        apply.add_argument("--wait", action="store_true", help="until it is live on every connected gateway")
        apply.add_argument("--timeout", type=int, default=_PATIENCE, metavar="SECONDS", help="how long to wait at most")
        for each in (plan, apply):
            add_reading_arguments(each)
            each.add_argument("--json", action="store_true", help="answer in JSON")
        words.add_parser("schema", help="write the JSON schema of a configuration file")

    def handle(self, *_args: Any, **options: Any) -> None:
        {"export": self._export, "plan": self._plan, "apply": self._apply, "schema": self._schema}[options["what"]](options)

    def _export(self, options: dict[str, Any]) -> None:
        exporting.run(self.stdout, options)

    def _plan(self, options: dict[str, Any]) -> None:
        imported = applying.apply(options, dry_run=True)
        applying.tell(self, imported, done=False, in_json=options["json"], tell_change=applying.in_sentences)
        if options["exit_code"] and imported.changes:
            raise SystemExit(applying.DIFFERENT)

    def _apply(self, options: dict[str, Any]) -> None:
        imported = applying.apply(options, dry_run=False)
        applying.tell(self, imported, done=True, in_json=options["json"], tell_change=applying.in_sentences)
        if options["wait"]:
            applying.wait(imported, options["timeout"])
            if not options["json"]:
                self.stdout.write("Live on every connected gateway.")

    def _schema(self, _options: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(shape(), indent=2, ensure_ascii=False))
