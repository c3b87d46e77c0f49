"""Where gateways of other machines come: mutual TLS with certificates of our own, the server's renewed while it runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import grpc
from django.db import DatabaseError, connection
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from certificates.sealing import SealingError
from gateway.control.enrolment import SERVER_LASTS, Issued, issue_for_server
from portal.troubles import Trouble

log = logging.getLogger(__name__)

_RENEWED_BEFORE = SERVER_LASTS / 3  # long enough for whoever has to mend what keeps it from being renewed
_LOOK_SECONDS = 5.0  # at the clock of the machine, which may jump
_RETRY_SECONDS = 5.0
_SAY_EVERY = timedelta(hours=1)


class ServerIdentity:
    """The certificate that the control plane shows. gRPC asks for it at each handshake, so streams that are open go on."""

    def __init__(self, *names: str, clock: Callable[[], datetime] = timezone.now) -> None:
        """Begin without a certificate.

        :param names: the names and addresses that gateways come to
        """
        self._names = names
        self._clock = clock
        self._issued: Issued | None = None
        self._said_at: datetime | None = None

    def trouble(self) -> str:
        """Return what keeps gateways of other machines from coming, or soon will, in a sentence; empty: nothing."""
        if self._issued is None:
            return "There is no certificate to show gateways of other machines."
        return "The certificate that gateways of other machines are shown cannot be renewed." if self._is_late() else ""

    def failing(self) -> list[Trouble]:
        """Return what people are told of: that it is not renewed, long before it ends."""
        if self._issued is None or not self._is_late():
            return []
        return [
            Trouble(
                key=f"control-plane:{','.join(self._names)}",
                episode=self._issued.not_after.isoformat(),
                name=", ".join(self._names),
                reason=_("The certificate that gateways of other machines are shown cannot be renewed."),
                path=reverse("gateways:index"),
                told_to="gateway.change_gateway",
            )
        ]

    def _is_late(self) -> bool:
        return self._issued is not None and self._issued.not_after - _RENEWED_BEFORE / 2 < self._clock()

    def configuration(self) -> Any:
        """Return what the next handshake shows; called by gRPC, which must not wait."""
        assert self._issued is not None  # noqa: S101 - nothing listens before there is one
        pair = (self._issued.private_key_pem.value, self._issued.certificate_pem)
        return grpc.ssl_server_certificate_configuration([pair], root_certificates=self._issued.authority_pem)

    def is_due(self, *, now: datetime) -> bool:
        """Return whether a new certificate is due: soon enough, and also when the clock was set back before its beginning."""
        return self._issued is None or not (now < self._issued.not_after - _RENEWED_BEFORE < now + SERVER_LASTS)

    async def renew(self) -> bool:
        """Get a new certificate; return whether that worked. The one in use stays until then."""
        now = self._clock()
        try:
            self._issued = await asyncio.to_thread(_issue, self._names, now)
        except (SealingError, DatabaseError) as error:
            if self._said_at is None or not timedelta(0) <= now - self._said_at < _SAY_EVERY:
                self._said_at = now
                log.error("Gateways on other machines cannot come: %s", error)  # noqa: TRY400 - a sentence
            return False
        self._said_at = None
        until = f"{self._issued.not_after:%Y-%m-%d}"
        log.info("Gateways on other machines may call this one %s; its certificate is valid until %s.", ", ".join(self._names), until)
        return True

    async def keep(self) -> None:
        """Renew whenever it is due, for ever."""
        while True:
            renewed = await self.renew() if self.is_due(now=self._clock()) else True
            await asyncio.sleep(_LOOK_SECONDS if renewed else _RETRY_SECONDS)


async def listen(server: grpc.aio.Server, identity: ServerIdentity, address: str) -> None:
    """Let *server* serve enrolled gateways of other machines at *address*, as soon as there is a certificate, for ever.

    :raises RuntimeError: if the address cannot be listened on
    """
    while not await identity.renew():  # noqa: ASYNC110 - nothing tells when the database is back
        await asyncio.sleep(_RETRY_SECONDS)
    credentials = grpc.dynamic_ssl_server_credentials(identity.configuration(), identity.configuration, require_client_authentication=True)
    server.add_secure_port(address, credentials)
    await server.start()
    log.info("Serving gateways of other machines on %s.", address)
    await identity.keep()


def _issue(names: tuple[str, ...], now: datetime) -> Issued:
    try:
        return issue_for_server(*names, now=now)
    finally:
        connection.close()
