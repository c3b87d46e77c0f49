"""``manage.py certificates``: ``replace`` brings a new version, ``confinement`` tells how uploaded files are opened."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from certificates import confined
from certificates.models import ClientCertificate, ServerCertificate
from certificates.sealing import SealingError
from certificates.sources import command
from portal.characters import shown


class Command(BaseCommand):
    help = "Bring a new version of a certificate. Tell how the process that opens uploaded files is confined."
    requires_system_checks = ()  # the portal's start has made those that matter

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="replace|confinement")
        self._add_replace(verbs)
        verbs.add_parser("confinement", help="tell in one line how the process that opens uploaded files is confined on this machine")

    def handle(self, *_args: Any, **options: Any) -> None:
        getattr(self, options["verb"])(options)

    def _add_replace(self, verbs: Any) -> None:
        replace = verbs.add_parser(
            "replace", help="make a file the current version of an entry; again with the same file, it changes nothing"
        )
        replace.add_argument("name", metavar="NAME", help="the entry's name")
        replace.add_argument(
            "files", metavar="FILE", nargs="+", help="a .pfx file, or certificate, chain and key in PEM; - for standard input"
        )
        replace.add_argument(
            "--password-file", metavar="FILE", default="", help="a file whose one line is the password; - for standard input"
        )
        replace.add_argument("--server", action="store_true", help="it is a server certificate, not a client certificate")
        replace.add_argument("--user", metavar="NAME", help="in whose name the activity log notes it")
        replace.add_argument("--json", action="store_true", help="answer in JSON")

    def replace(self, options: dict[str, Any]) -> None:
        """Bring a new version."""
        kind = ServerCertificate if options["server"] else ClientCertificate
        by = _person(options["user"]) if options["user"] else None
        try:
            entry = command.entry_named(options["name"], kind)
            done = command.replace(entry, options["files"], password_file=options["password_file"], by=by, now=timezone.now())
        except (command.Refused, SealingError) as refusal:
            raise CommandError(shown(str(refusal))) from refusal
        for warning in done.warnings:
            self.stderr.write(shown(warning))
        if options["json"]:
            self.stdout.write(json.dumps(done.as_json(), ensure_ascii=False))
        else:
            self.stdout.write(shown(f"{done.certificate}: version {done.version} ({done.thumbprint}) {_became(done)}."))

    def confinement(self, _options: dict[str, Any]) -> None:
        """Tell what confines the child that opens a file."""
        self.stdout.write(confined.sentence())


def _became(done: command.Replaced) -> str:
    if done.waits:
        return "stays current until another person has confirmed the new one on the entry's page"
    if done.canary:
        return f"stays current until the API {done.canary}, which presents the new one first, has shown that its back end takes it"
    return "is current now" if done.changed else "was current already; nothing has changed"


def _person(name: str) -> User:
    person = User.objects.filter(username=name, is_active=True).first()
    if person is None:
        raise CommandError(f"There is no active user {name}.")
    return person
