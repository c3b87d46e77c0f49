"""Hands questions of the portal on to the agents of the gateways that are fed from here, and notes their answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

from django.utils import timezone

from apis.handshake.question import Closely, Question, Target
from apis.handshake.seen import End, Seen, Stage
from certificates.sealing import SealingError
from gateway.control.status_queue import StatusQueue
from gateway.models import PROBE_KEPT, Probe
from gateway.streams.probing import answered
from gateway.streams.serving import Context

log = logging.getLogger(__name__)


class Probes:
    """The questions on their way. :meth:`hand_on` is the watch's thread's, :meth:`carry` the loop's."""

    def __init__(self, statuses: StatusQueue, loop: asyncio.AbstractEventLoop) -> None:
        """Begin without any.

        :param statuses: takes the answers
        """
        self._statuses = statuses
        self._loop = loop
        self._agents: dict[str, asyncio.Queue[Question]] = {}
        self._handed_on: set[str] = set()

    def hand_on(self) -> None:
        """Read what is asked by now.

        :raises django.db.DatabaseError: if the database is away
        """
        if not self._agents:
            return
        open_ones = Probe.objects.filter(seen__isnull=True, asked_at__gt=timezone.now() - PROBE_KEPT)
        asked = open_ones.filter(gateway__name__in=list(self._agents)).select_related("gateway", "version", "candidate")
        fresh = [probe for probe in asked if str(probe.pk) not in self._handed_on]
        self._handed_on = {str(probe.pk) for probe in asked}
        for probe in fresh:
            try:
                self._loop.call_soon_threadsafe(self._put, probe.gateway.name, _question(probe))
            except SealingError as error:
                self._statuses.probed(str(probe.pk), Seen(stage=Stage.HANDSHAKE, end=End.UNLOADABLE, error=str(error)))

    def _put(self, gateway: str, question: Question) -> None:
        if agent := self._agents.get(gateway):
            agent.put_nowait(question)

    async def carry(self, gateway: str, answers: AsyncIterator[bytes], context: Context) -> None:
        """Ask the agent of *gateway*, and note what it answers, until it hangs up."""
        questions: asyncio.Queue[Question] = asyncio.Queue()
        self._agents[gateway] = questions
        asking = asyncio.create_task(_ask(questions, context))
        try:
            async for said in answers:
                try:
                    self._statuses.probed(*answered(said))
                except ValueError as error:
                    log.warning("What %s has seen was not understood: %s", gateway, error)
        finally:
            asking.cancel()
            if self._agents.get(gateway) is questions:  # it may have come back meanwhile
                del self._agents[gateway]


async def _ask(questions: asyncio.Queue[Question], context: Context) -> None:
    while True:
        await context.write((await questions.get()).encoded())


def _question(probe: Probe) -> Question:
    target = Target(**probe.target | {"protocols": tuple(probe.target["protocols"])})
    closely = Closely.of(probe.closely) if probe.closely else None
    if (presented := probe.version or probe.candidate) is None:
        return Question(id=str(probe.pk), target=target, closely=closely, **probe.manner)
    identity = presented.identity()
    return Question(
        id=str(probe.pk),
        target=target,
        certificate=identity.certificate_chain_pem,
        private_key=identity.private_key_pem,
        closely=closely,
        **probe.manner,
    )
