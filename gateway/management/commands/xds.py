"""`manage.py xds`: give the gateways their configuration."""

from __future__ import annotations

import logging
from typing import Any

from django.core.management.base import BaseCommand

from gateway.process import serve


class Command(BaseCommand):
    help = "Give the gateways their configuration, until ended (SIGTERM or Ctrl-C)."

    def handle(self, *_args: Any, **_options: Any) -> None:
        logging.basicConfig(level=logging.INFO, format="%(message)s")
        serve()
