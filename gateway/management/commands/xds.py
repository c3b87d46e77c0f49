"""`manage.py xds`: give the gateways their configuration."""

from __future__ import annotations

import logging
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DEFAULT_DB_ALIAS

from gateway.process import serve


class Command(BaseCommand):
    help = "Give the gateways their configuration, until ended (SIGTERM or Ctrl-C)."

    def handle(self, *_args: Any, **_options: Any) -> None:
        self.check(databases=[DEFAULT_DB_ALIAS])  # without the right encryption keys there is nothing to serve
        logging.basicConfig(level=logging.INFO, format="%(message)s")
        serve()
