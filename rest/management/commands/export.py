"""``manage.py export``: write the whole configuration, without secrets, as YAML."""

from __future__ import annotations

from typing import Any

import yaml
from django.core.management.base import BaseCommand
from django.utils import timezone

from portal.activity import record
from portal.models import Event
from rest.configuration import configuration

_HEAD = """\
# The configuration of a publisher portal. It holds no secrets: a certificate is brought along by "pfx: file.pfx" and
# "password_file: file.txt" beside its name, the password of basic credentials by "password_file: file.txt".
"""


class _Whole:
    """The configuration as the subject of a line."""

    pk, name = "", ""


class Command(BaseCommand):
    help = "Write the whole configuration, without secrets, as YAML to standard output."

    def handle(self, *_args: Any, **_options: Any) -> None:
        text = yaml.safe_dump(configuration(), sort_keys=False, allow_unicode=True, width=140)
        record(Event.CONFIGURATION_EXPORTED, _Whole(), by=None, at=timezone.now())
        self.stdout.write(_HEAD + text, ending="")
