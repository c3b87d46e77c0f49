"""``manage.py certificates notify`` mails about certificates that expire soon; ``confinement`` tells how uploaded files are opened."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from certificates import confined, notices
from portal.characters import shown


class Command(BaseCommand):
    help = (
        "Mail everybody who may renew certificates: 30, 14, 7 and 1 days before one expires, and when it has. "
        "Tell how the process that opens uploaded files is confined."
    )
    requires_system_checks = ()  # the portal's start has made those that matter

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="notify|confinement")
        notify = verbs.add_parser("notify", help="send what nobody has been told yet; run it daily, twice does no harm")
        notify.add_argument("--dry-run", action="store_true", help="tell who would be told what, and send nothing")
        notify.add_argument("--json", action="store_true", help="answer in JSON")
        verbs.add_parser("confinement", help="tell in one line how the process that opens uploaded files is confined on this machine")

    def handle(self, *_args: Any, **options: Any) -> None:
        getattr(self, options["verb"])(options)

    def confinement(self, _options: dict[str, Any]) -> None:
        """Tell what confines the child that opens a file."""
        self.stdout.write(confined.sentence())

    def notify(self, options: dict[str, Any]) -> None:
        """Mail what is due."""
        now = timezone.now()
        if not (options["dry_run"] or settings.EMAIL_HOST):
            raise CommandError("There is no mail server to send by: set PORTAL_MAIL_HOST.")
        told, failures = [], []
        for notice in notices.due(now=now):
            try:
                if not options["dry_run"]:
                    notices.tell(notice, now=now)
            except OSError as error:
                failures.append(f"{notice.person.email}: {error}")
            else:
                told.append({"to": notice.person.email, "certificates": notice.names})
        self._answer(told, as_json=options["json"], dry_run=options["dry_run"])
        if failures:
            raise CommandError("These mails could not be sent; the next run tries again.\n" + "\n".join(failures))

    def _answer(self, told: list[dict[str, Any]], *, as_json: bool, dry_run: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({"sent": not dry_run, "notices": told}, ensure_ascii=False))
            return
        for notice in told:
            self.stdout.write(f"{notice['to']}: {shown(', '.join(notice['certificates']))}")
        if not told:
            self.stdout.write("Nothing to tell.")
