"""Carries out what the portal asks: handshakes from this gateway's place, a few at once."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any

import grpc

from gateway.streams import probing
from gateway.streams.wire import NODE

log = logging.getLogger(__name__)

_AT_ONCE = 8


async def carry_out(channel: grpc.aio.Channel, *, gateway: str) -> None:
    """Answer the control plane's questions until it hangs up.

    :param gateway: our name
    """
    call = channel.stream_stream(probing.METHOD, bytes, bytes)(None, metadata=((NODE, gateway),))
    free = asyncio.Semaphore(_AT_ONCE)
    async with asyncio.TaskGroup() as answering:
        with contextlib.suppress(grpc.RpcError):
            async for said in call:
                answering.create_task(_answer(call, said, free))


async def _answer(call: Any, said: bytes, free: asyncio.Semaphore) -> None:
    from gateway.agent.handshake import shake_hands  # late: most agents are never asked

    try:
        question = probing.Question.decoded(said)
    except ValueError as error:
        log.warning("A probe was not understood: %s", error)
        return
    async with free:
        seen = await asyncio.to_thread(shake_hands, question)
    with contextlib.suppress(grpc.RpcError, asyncio.InvalidStateError):  # gone meanwhile; nobody waits for it any more
        await call.write(probing.answer(question.id, seen))
