"""``manage.py people list|deactivate|reset-second-factor|restore-administrator``: for when no page helps."""

from __future__ import annotations

import json
import sys
from getpass import getpass
from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from portal.administrators import LastAdministrator
from portal.characters import shown
from portal.people import actions
from portal.people.standing import with_roles
from portal.signin import second_factors

_LAST = "Nobody else could administer the portal. Make another active person an Administrator first."


class Command(BaseCommand):
    help = "List people, deactivate one, and make somebody an Administrator again where nobody can administer the portal."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="list|deactivate|reset-second-factor|restore-administrator")
        listed = verbs.add_parser("list", help="list the accounts with their roles")
        deactivate = verbs.add_parser("deactivate", help="keep somebody out and sign them out everywhere; not the last administrator")
        reset = verbs.add_parser("reset-second-factor", help="take somebody's second factors away, who has lost them, and sign them out")
        restore = verbs.add_parser(
            "restore-administrator", help="make somebody an active Administrator; reads a new password from standard input"
        )
        for verb in (deactivate, reset, restore):
            verb.add_argument("name", help="the user name")
        for verb in (listed, deactivate, reset, restore):
            verb.add_argument("--json", action="store_true", help="answer in JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        getattr(self, options["verb"].replace("-", "_"))(options)

    def list(self, options: dict[str, Any]) -> None:
        """List the accounts."""
        rows = [
            {
                "name": person.username,
                "role": person.role or None,
                "active": person.is_active,
                "last_sign_in": person.last_login.isoformat() if person.last_login else None,
            }
            for person in with_roles(User.objects.all()).order_by("username")
        ]
        if options["json"]:
            self.stdout.write(json.dumps({"people": rows}, ensure_ascii=False))
            return
        for row in rows:
            state = "active" if row["active"] else "deactivated"
            self.stdout.write(f"{shown(row['name'])}  {row['role'] or 'no role'}  {state}  last sign-in {row['last_sign_in'] or 'never'}")

    def deactivate(self, options: dict[str, Any]) -> None:
        """Deactivate somebody."""
        person = _found(options["name"])
        try:
            actions.deactivate(person, by=None, now=timezone.now())
        except LastAdministrator as error:
            raise CommandError(_LAST) from error
        self._say(options, f"{shown(person.username)} was deactivated and signed out everywhere.", deactivated=person.username)

    def reset_second_factor(self, options: dict[str, Any]) -> None:
        """Take somebody's second factors away."""
        person = _found(options["name"])
        second_factors.reset_second_factor(person, by=None, now=timezone.now())
        self._say(options, f"{shown(person.username)} signs in without a second factor until they set one up again.", reset=person.username)

    @sensitive_variables("password")
    def restore_administrator(self, options: dict[str, Any]) -> None:
        """Make somebody an active Administrator with a new password."""
        person = _found(options["name"])
        password = getpass("New password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
        try:
            validate_password(password, person)
        except ValidationError as error:
            raise CommandError(f"The password on standard input is refused. {' '.join(error.messages)}") from error
        actions.restore_administrator(person, password, now=timezone.now())
        self._say(options, f"{shown(person.username)} is an active Administrator with the new password.", restored=person.username)

    def _say(self, options: dict[str, Any], sentence: str, **facts: str) -> None:
        self.stdout.write(json.dumps(facts, ensure_ascii=False) if options["json"] else sentence)


def _found(name: str) -> User:
    """Return the person.

    :raises CommandError: if there is none of that name
    """
    person = User.objects.filter(username=name).first()
    if person is None:
        raise CommandError(f"There is nobody called {shown(name)}. `manage.py people list` shows who there is.")
    return person
