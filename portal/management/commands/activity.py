"""``manage.py activity verify|export|trim``: the activity log, checked, written out, cut short."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from datetime import UTC, date, datetime, time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from portal.activity.exporting import FORMATS, between, export
from portal.activity.trimming import trim
from portal.activity.verification import Anchor, Report, verify


class Command(BaseCommand):
    help = "Check that the activity log is as the portal wrote it, export it, take old lines away."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="verify|export|trim")
        checked = verbs.add_parser("verify", help="find changed, removed and inserted lines; exit status 1 if there are any")
        checked.add_argument(
            "--anchor",
            type=_anchor,
            action="append",
            default=[],
            metavar="NUMBER:LINK",
            help="a line as noted elsewhere, which must still be there; may be given several times",
        )
        checked.add_argument("--json", action="store_true", help="answer in JSON")
        exported = verbs.add_parser("export", help="write lines to standard output, oldest first; that it was done is a line, too")
        exported.add_argument("--from", dest="first", type=_day, metavar="DATE", help="the first day, YYYY-MM-DD, in UTC")
        exported.add_argument("--to", dest="last", type=_day, metavar="DATE", help="the last day")
        exported.add_argument("--format", choices=FORMATS, default=FORMATS[0], help="JSON lines, or CSV that spreadsheets may open")
        trimmed = verbs.add_parser("trim", help="delete old lines; what is left can still be verified")
        trimmed.add_argument("--before", type=_day, required=True, metavar="DATE", help="the first day that is kept, YYYY-MM-DD, in UTC")
        trimmed.add_argument("--json", action="store_true", help="answer in JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        getattr(self, options["verb"])(options)

    def verify(self, options: dict[str, Any]) -> None:
        """Check the chain."""
        report = verify(options["anchor"])
        self.stdout.write(json.dumps(asdict(report)) if options["json"] else _in_words(report))
        if report.findings:
            raise CommandError(f"The activity log is not as the portal wrote it: {len(report.findings)} findings.")

    def export(self, options: dict[str, Any]) -> None:
        """Write lines out."""
        for piece in export(between(options["first"], options["last"]), options["format"], by=None, now=timezone.now()):
            self.stdout.write(piece, ending="")

    def trim(self, options: dict[str, Any]) -> None:
        """Delete old lines."""
        before = datetime.combine(options["before"], time(), UTC)
        if before > (now := timezone.now()):
            raise CommandError(f"{options['before']} is yet to come. Name the first day that is kept.")
        number = trim(before=before, by=None, now=now)
        said = f"{number} lines from before {options['before']} were deleted."
        self.stdout.write(json.dumps({"lines": number}) if options["json"] else said)


def _in_words(report: Report) -> str:
    if not report.findings:
        return f"{report.lines} lines, {report.first} to {report.last}, are as the portal wrote them. Anchor: {report.last}:{report.link}"
    return "\n".join(finding.sentence for finding in report.findings)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is no date; write it as 2026-11-26.") from error


def _anchor(text: str) -> Anchor:
    try:
        return Anchor.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
