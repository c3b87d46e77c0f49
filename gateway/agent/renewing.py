"""Renews what the gateway was enrolled with, long before it ends."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime

import grpc

from gateway.agent import identity
from gateway.agent.chosen import Chosen
from gateway.streams.wire import RENEW

log = logging.getLogger(__name__)

_LOOK_SECONDS = 3600.0
_ANSWER_SECONDS = 10.0


class Renewed(Exception):
    """There is a new certificate, to be used from now on; the message says until when."""


class Renewing:
    """Asks the control plane for a new certificate when it is time; on the control plane's own machine there is none."""

    def __init__(self, chosen: Chosen) -> None:
        """Take where it lies."""
        self._folder, self._renewals = chosen.identity, chosen.renewals
        self._is_enrolled = any(place.host for place in chosen.places)

    async def run(self, channel: grpc.aio.Channel) -> None:
        """Look now and then, for as long as the channel lasts.

        :raises Renewed: when it was: the old certificate is retired once the control plane has seen the new one
        :raises grpc.RpcError: if the control plane does not renew it
        """
        while True:
            if self._is_enrolled and (own := identity.read(self._folder, self._renewals)).is_due(datetime.now(UTC)):
                await self._renew(own, channel)
            await asyncio.sleep(_LOOK_SECONDS)

    async def _renew(self, own: identity.Identity, channel: grpc.aio.Channel) -> None:
        private_key, request = identity.request_for(own)
        answer = await channel.unary_unary(RENEW, bytes, bytes)(request, timeout=_ANSWER_SECONDS)
        try:
            until = identity.store_renewed(self._renewals, own, private_key, answer)
        except (identity.BadRenewal, OSError) as error:  # the disk may be full; it is tried again
            log.warning("The gateway's certificate was not renewed. %s", error)
        else:
            raise Renewed(f"the gateway's certificate was renewed and is valid until {until:%Y-%m-%d}")
