"""Bodies come in within bounds, and a newcomer takes the place of the slowest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest

from portal.bodies import Bodies, Body, Gone, Receive, Share


def bodies(*, most: int = 4, seconds: float = 0.2) -> Bodies:
    return Bodies(anybody=Share(most=most, size=10, seconds=seconds), known=Share(most=2, size=100, seconds=2 * seconds))


def sent(*pieces: bytes, ends: bool = True) -> Receive:
    """Return what a server hands on of a caller who sends *pieces* and then ends, or says nothing more."""
    messages: list[dict[str, Any]] = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    messages += [{"type": "http.request", "body": b"", "more_body": False}] if ends else []

    async def receive() -> dict[str, Any]:
        if not messages:
            await asyncio.Event().wait()
        return messages.pop(0)

    return receive


def lookup(known: bool) -> Callable[[], Any]:
    async def is_known() -> bool:
        await asyncio.sleep(0)
        return known

    return is_known


def collected(receive: Receive, *, declared: int = 0, known: bool = False) -> Body:
    return asyncio.run(bodies().collect(receive, declared=declared, is_known=lookup(known)))


def test_a_body_comes_in_whole() -> None:
    assert collected(sent(b"ab", b"cd")) == Body(content=b"abcd")


@pytest.mark.parametrize(("size", "known", "refused"), [(10, False, False), (11, False, True), (100, True, False), (101, True, True)])
@pytest.mark.parametrize("told", [True, False])
def test_nobody_sends_more_than_they_may(size: int, known: bool, refused: bool, told: bool) -> None:
    body = collected(sent(*[b"a"] * size), declared=size if told else 0, known=known)
    assert (body.refused is HTTPStatus.REQUEST_ENTITY_TOO_LARGE) == refused
    assert len(body.content) == (0 if refused else size)


def test_one_that_does_not_end_is_refused_and_its_connection_is_not_used_again() -> None:
    assert collected(sent(b"a", ends=False)) == Body(refused=HTTPStatus.REQUEST_TIMEOUT, ended=False)


def test_who_is_known_has_more_time_and_nothing_is_lost() -> None:
    begins, goes_on = sent(b"first ", b"late"), asyncio.Event()

    async def receive() -> dict[str, Any]:
        if goes_on.is_set():
            await asyncio.sleep(0.15)  # twice is more than anybody has
        goes_on.set()
        return await begins()

    assert collected(receive, known=True) == Body(content=b"first late")


def test_a_newcomer_takes_the_place_of_the_oldest() -> None:
    async def crowd() -> list[Body]:
        few = bodies(most=2, seconds=60)
        hanging = [asyncio.ensure_future(few.collect(sent(b"a", ends=False), declared=0, is_known=lookup(False))) for _ in range(3)]
        done, waiting = await asyncio.wait(hanging, timeout=0.2)
        assert hanging[0] in done
        assert len(waiting) == 2
        newcomer = await few.collect(sent(b"me"), declared=0, is_known=lookup(False))
        for one in waiting:
            one.cancel()
        return [newcomer, hanging[0].result()]

    newcomer, oldest = asyncio.run(crowd())
    assert newcomer == Body(content=b"me")
    assert oldest.refused is HTTPStatus.REQUEST_TIMEOUT


def test_nobody_is_answered_who_has_left() -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    with pytest.raises(Gone):
        collected(receive)
