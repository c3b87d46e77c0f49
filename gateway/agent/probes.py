"""Carries out what the portal asks: handshakes from this gateway's place, a few at once."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from pathlib import Path
from typing import Any

import grpc

from apis.handshake.question import Question
from gateway.streams import probing
from gateway.streams.wire import NODE

log = logging.getLogger(__name__)

_AT_ONCE = 8


async def carry_out(channel: grpc.aio.Channel, *, gateway: str, bundle: Path | None = None) -> None:
    """Answer the control plane's questions until it hangs up.

    :param gateway: our name
    :param bundle: the authorities that this gateway trusts of itself
    """
    call = channel.stream_stream(probing.METHOD, bytes, bytes)(None, metadata=((NODE, gateway),))
    free = asyncio.Semaphore(_AT_ONCE)
    async with asyncio.TaskGroup() as answering:
        with contextlib.suppress(grpc.RpcError):
            async for said in call:
                answering.create_task(_answer(call, said, free, bundle))


async def _answer(call: Any, said: bytes, free: asyncio.Semaphore, bundle: Path | None) -> None:
    from apis.handshake.shaking import shake_hands  # late: most agents are never asked

    try:
        question = Question.decoded(said)
    except ValueError as error:
        log.warning("A probe was not understood: %s", error)
        return
    async with free:
        seen = await asyncio.to_thread(shake_hands, question, bundle=bundle)
    with contextlib.suppress(grpc.RpcError, asyncio.InvalidStateError):  # gone meanwhile; nobody waits for it any more
        await call.write(probing.answer(question.id, seen))
