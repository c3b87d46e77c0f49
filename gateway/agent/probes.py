"""Carries out what the portal asks: handshakes from this gateway's place, a few at once."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import replace
from typing import Any

import grpc

from apis.handshake.question import Question
from gateway.agent.chosen import Chosen
from gateway.agent.hosts import hosts_now
from gateway.streams import probing
from gateway.streams.wire import NODE

log = logging.getLogger(__name__)

_AT_ONCE = 8


async def carry_out(channel: grpc.aio.Channel, *, chosen: Chosen) -> None:
    """Answer the control plane's questions until it hangs up.

    :param chosen: who we are, what this gateway trusts of itself, and where its Envoy tells how it is
    """
    call = channel.stream_stream(probing.METHOD, bytes, bytes)(None, metadata=((NODE, chosen.node),))
    free = asyncio.Semaphore(_AT_ONCE)
    async with asyncio.TaskGroup() as answering:
        with contextlib.suppress(grpc.RpcError):
            async for said in call:
                answering.create_task(_answer(call, said, free, chosen))


async def _answer(call: Any, said: bytes, free: asyncio.Semaphore, chosen: Chosen) -> None:
    from apis.handshake.shaking import shake_hands  # late: most agents are never asked

    try:
        question = Question.decoded(said)
    except ValueError as error:
        log.warning("A probe was not understood: %s", error)
        return
    async with free:
        seen = await asyncio.to_thread(shake_hands, question, bundle=chosen.trust_bundle)
        if question.closely and question.closely.clusters:
            seen = replace(seen, hosts=await asyncio.to_thread(hosts_now, chosen, question.closely.clusters))
    with contextlib.suppress(grpc.RpcError, asyncio.InvalidStateError):  # gone meanwhile; nobody waits for it any more
        await call.write(probing.answer(question.id, seen))
