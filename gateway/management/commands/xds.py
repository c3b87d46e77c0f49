"""`manage.py xds`: give the gateways their configuration."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection

from certificates.keyring import keyring
from certificates.sealing import BadKeyRing
from portal import logs, schema
from portal.installation import private_home
from portal.pool import pooled
from portal.threads import FAILED

# gRPC for Python cannot be told the TLS version, only the ciphers of TLS 1.2: one for a kind of key that our certificate has not.
_NO_TLS_12 = {"GRPC_SSL_CIPHER_SUITES": "ECDHE-RSA-AES256-GCM-SHA384"}

CONNECTIONS = 8  # to PostgreSQL, at most: the watch and the status writer keep theirs, the keepers and requests share the others


class Command(BaseCommand):
    help = "Give the gateways their configuration, until ended (SIGTERM or Ctrl-C)."
    requires_system_checks = ()  # those of pages would only make gateways wait; the ring of keys is checked below

    def handle(self, *_args: Any, **_options: Any) -> None:
        logs.call_process("xds")
        private_home()  # in a container it may be on a volume that is new at each start
        try:  # without the right encryption keys there is nothing to serve
            self.check(tags=[Tags.database], databases=[DEFAULT_DB_ALIAS])
            wanting = schema.unmigrated()
        except DatabaseError as error:
            self.stderr.write(f"The database does not answer yet: {error}")
            _require_ring()
            wanting = ""
        if wanting:
            raise CommandError(wanting)
        connection.close()
        pooled(settings.DATABASES[DEFAULT_DB_ALIAS], most=CONNECTIONS)
        os.environ.update(_NO_TLS_12)
        from gateway.control.process import Failed, serve  # late: gRPC reads its environment as it is imported

        try:
            serve()
        except Failed as failed:
            raise CommandError(str(failed), returncode=FAILED) from failed


def _require_ring() -> None:
    try:
        keyring()
    except BadKeyRing as error:
        raise CommandError(str(error)) from error
