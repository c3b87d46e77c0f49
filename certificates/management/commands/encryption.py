"""``manage.py encryption create|add|rewrap|report``: the ring of keys that the portal's secrets are sealed under."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from certificates import encryption
from certificates.keyring import add_key_to_ring_file, create_ring_file, keyring
from certificates.sealing import SealingError


class Command(BaseCommand):
    help = "Create the ring of encryption keys, add a key, re-wrap every secret under the newest, report what is under which."
    requires_system_checks = ()  # the ring is checked at every start; this command makes and mends it

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="create|add|rewrap|report")
        create = verbs.add_parser("create", help="make a ring with one key, in a file that only its owner may read (mode 0600)")
        create.add_argument("--if-missing", action="store_true", help="succeed without a change if there is a ring")
        verbs.add_parser("add", help="put a fresh key first in the ring; new secrets are sealed under it, older keys still open")
        rewrap = verbs.add_parser("rewrap", help="bring every secret under the newest key; may be interrupted, repeated, run at any time")
        report = verbs.add_parser(
            "report", help="tell how many secrets are under which key, and which do not open; keys without any may be taken out"
        )
        for verb in (rewrap, report):
            verb.add_argument("--json", action="store_true", help="answer in JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            getattr(self, options["verb"])(options)
        except SealingError as error:
            raise CommandError(str(error)) from error

    def create(self, options: dict[str, Any]) -> None:
        """Make the ring; refuse where that would only hide that the right one is missing."""
        path = settings.ENCRYPTION_KEYS_FILE
        if settings.ENCRYPTION_KEYS or path.exists():
            if options["if_missing"]:
                return
            where = "in PORTAL_ENCRYPTION_KEYS" if settings.ENCRYPTION_KEYS else f"in {path}"
            raise CommandError(f"There is a ring already, {where}. `encryption add` puts a new key into it.")
        if settings.PORTAL_HOME.exists() and (rows := encryption.rows_by_key()):
            lost = ", ".join(sorted(rows))
            raise CommandError(
                f"The database holds secrets sealed under keys that are not here ({lost}). Put the ring back from its backup, as {path}."
            )
        create_ring_file(path)
        self.stdout.write(f"Made {path}. Keep a copy of it away from the database's backups: without it no secret can be read.")

    def add(self, _options: dict[str, Any]) -> None:
        """Put a fresh key first."""
        if settings.ENCRYPTION_KEYS:
            raise CommandError(
                "The ring is in PORTAL_ENCRYPTION_KEYS. Put a new key (`openssl rand -base64 32`) first there, separated by a comma."
            )
        keyring()  # an unusable ring is not added to
        add_key_to_ring_file(settings.ENCRYPTION_KEYS_FILE)
        self.stdout.write(f"The newest key is {keyring().names[0]}. `encryption rewrap` brings every secret under it.")

    def rewrap(self, options: dict[str, Any]) -> None:
        """Bring everything under the newest key."""
        done = encryption.rewrap(now=timezone.now())
        if options["json"]:
            self.stdout.write(json.dumps({"key": keyring().names[0], "rows": done.rows, "unopened": list(map(str, done.unopened))}))
        else:
            self.stdout.write(f"{done.rows} secrets were brought under {keyring().names[0]}.")
        if done.unopened:
            raise CommandError(_naming(done.unopened))

    def report(self, options: dict[str, Any]) -> None:
        """Tell which rows are under which key, and which do not open."""
        ring, rows, damaged = keyring().names, encryption.rows_by_key(), list(encryption.damaged_rows())
        keys: list[dict[str, Any]] = [
            {"key": key, "in_ring": key in ring, "newest": key == ring[0], "rows": dict(sorted(rows.get(key, {}).items()))}
            for key in (*ring, *sorted(set(rows) - set(ring)))
        ]
        if options["json"]:
            self.stdout.write(json.dumps({"keys": keys, "damaged": [asdict(row) for row in damaged]}))
            return
        for key in keys:
            state = "newest" if key["newest"] else "older" if key["in_ring"] else "NOT IN THE RING"
            counts = ", ".join(f"{count} {label}" for label, count in key["rows"].items()) or "nothing; it may be taken out"
            self.stdout.write(f"{key['key']} ({state}): {counts if not key['newest'] or key['rows'] else 'nothing yet'}")
        if damaged:
            self.stdout.write(_naming(damaged))


def _naming(damaged: Collection[encryption.Damaged]) -> str:
    return "\n".join(
        [
            "These do not open. What depends on them is closed; enter, upload or regenerate them again, or put them back from a backup:",
            *map(str, damaged),
        ]
    )
