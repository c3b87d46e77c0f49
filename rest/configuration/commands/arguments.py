"""Arguments that the commands for credentials share."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from datetime import UTC, datetime, timedelta

from django.contrib.auth.models import User
from django.core.management.base import CommandError, CommandParser

from portal.characters import first_deceiving
from portal.roles import Role

_DAYS = re.compile(r"(\d{1,5})d\Z", re.ASCII)
_ROLES = {"viewer": Role.VIEWER, "publisher": Role.PUBLISHER, "administrator": Role.ADMINISTRATOR}


def add_credential_arguments(parser: CommandParser) -> None:
    """Add what a new credential needs."""
    parser.add_argument("--user", required=True, metavar="NAME", help="whom it acts for; the activity log names this person")
    parser.add_argument("--role", choices=sorted(_ROLES), help="limit it to a role; without it, it may whatever the person may")
    parser.add_argument(
        "--expires", metavar="WHEN", help="a number of days such as 90d, or a moment such as 2027-01-31T12:00Z; without it: never"
    )
    parser.add_argument("--name", default="", type=_plain, help="what it is for")


def _plain(name: str) -> str:
    if character := first_deceiving(name):
        raise ArgumentTypeError(f"the character {character} in it is not seen, or turns the text around")
    return name


def person(name: str) -> User:
    """Return the person of a user name.

    :raises CommandError: if there is none, or the account is closed
    """
    user = User.objects.filter(username=name, is_active=True).first()
    if user is None:
        raise CommandError(f"There is no active user {name}.")
    return user


def role(name: str | None) -> str:
    """Return the group of a role; empty for none."""
    return _ROLES[name].value if name else ""


def expiry(text: str | None, *, now: datetime) -> datetime | None:
    """Return when a credential expires.

    :raises CommandError: if *text* is no such moment, or it is past
    """
    if not text:
        return None
    if match := _DAYS.match(text):
        return now + timedelta(days=int(match[1]))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"{text} is neither a number of days such as 90d nor a moment such as 2027-01-31T12:00Z.") from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if moment <= now:
        raise CommandError(f"{text} is past.")
    return moment
