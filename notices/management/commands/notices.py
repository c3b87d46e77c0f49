"""``manage.py notices send`` tells what is due now, as the xDS process does by itself; ``due`` says what that would be."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from notices.models import Schedule
from notices.recipients import recipients
from notices.sending import due_for, marks_of, send_due, unacknowledged
from notices.subjects import look
from portal.characters import shown


class Command(BaseCommand):
    help = "Tell whoever is to be told of what ends or fails. The xDS process does so by itself; this is for those who want to see it."
    requires_system_checks = ()  # the portal's start has made those that matter

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="send|due")
        send = verbs.add_parser("send", help="send what is due, once; twice does no harm")
        due = verbs.add_parser("due", help="tell who would be told what, and send nothing")
        for verb in (send, due):
            verb.add_argument("--json", action="store_true", help="answer in JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        getattr(self, options["verb"])(as_json=options["json"], now=timezone.now())

    def send(self, *, as_json: bool, now: datetime) -> None:
        """Send what is due."""
        number = send_due(now=now)
        self.stdout.write(json.dumps({"sent": number}) if as_json else f"Messages sent: {number}")

    def due(self, *, as_json: bool, now: datetime) -> None:
        """Tell what is due."""
        schedule = Schedule.current()
        subjects = unacknowledged(look(now=now, within=timedelta(days=max(schedule.thresholds))))
        marks = marks_of(subjects, schedule, now=now)
        found = [
            {"to": told.addressee.key, "notices": [subject.name for subject in due]}
            for told in recipients(subjects)
            if (due := due_for(told, marks))
        ]
        if as_json:
            self.stdout.write(json.dumps(found, ensure_ascii=False))
            return
        for one in found:
            self.stdout.write(f"{one['to']}: {shown(', '.join(one['notices']))}")
        if not found:
            self.stdout.write("Nothing is due.")
