"""``manage.py token create|list|revoke``: bearer tokens of the REST API."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from portal.characters import shown
from portal.roles import Role
from rest import actions
from rest.configuration.commands.arguments import add_credential_arguments, expiry, person, role
from rest.models import AccessToken


class Command(BaseCommand):
    help = "Make, list and revoke access tokens, with which programs call the management REST API."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="create|list|revoke")
        create = verbs.add_parser("create", help="make a token and print it; it is shown this once")
        add_credential_arguments(create)
        listed = verbs.add_parser("list", help="list the tokens, not what they are")
        revoke = verbs.add_parser("revoke", help="let a token open nothing any more")
        revoke.add_argument("id", help="its identifier, as the list shows it")
        for verb in (create, listed, revoke):
            verb.add_argument("--json", action="store_true", help="answer in JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        getattr(self, options["verb"])(options)

    def create(self, options: dict[str, Any]) -> None:
        """Make a token."""
        now = timezone.now()
        user: User = person(options["user"])
        made = actions.create_token(
            user,
            name=options["name"] or f"{user.get_username()}, {now:%Y-%m-%d %H:%M}",
            role=role(options["role"]),
            expires_at=expiry(options["expires"], now=now),
            by=None,
            now=now,
        )
        token = made.token.value.decode()
        self.stdout.write(json.dumps({"token": token, **_facts(made.row)}) if options["json"] else token)

    def list(self, options: dict[str, Any]) -> None:
        """List the tokens."""
        rows = [_facts(token) for token in AccessToken.objects.select_related("user")]
        if options["json"]:
            self.stdout.write(json.dumps({"tokens": rows}))
            return
        for row in rows:
            state = "revoked" if row["revoked"] else f"expires {row['expires']}" if row["expires"] else "never expires"
            used = row["last_used"] or "never"
            self.stdout.write(f"{row['id']}  {shown(row['name'])}  {row['user']} {row['role']}  {state}  last used {used}")

    def revoke(self, options: dict[str, Any]) -> None:
        """Revoke a token."""
        token = AccessToken.objects.select_related("user").filter(identifier=options["id"]).first()
        if token is None:
            raise CommandError(f"There is no token {options['id']}.")
        actions.revoke(token, by=None, now=timezone.now())
        self.stdout.write(json.dumps({"revoked": token.identifier}) if options["json"] else f"{token.name} opens nothing any more.")


def _facts(token: AccessToken) -> dict[str, Any]:
    moments = {"created": token.created_at, "expires": token.expires_at, "last_used": token.last_used_at, "revoked": token.revoked_at}
    return {
        "id": token.identifier,
        "name": token.name,
        "user": token.user.get_username(),
        "role": Role(token.role).value if token.role else None,
        **{name: moment.isoformat() if moment else None for name, moment in moments.items()},
    }
