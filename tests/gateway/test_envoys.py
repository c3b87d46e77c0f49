"""Which Envoys must have a change before it is answered for: those that run and answer calls, whoever is back first."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.agent.envoys import FILE, Envoys, write_down

_ALIVE = os.getpid()


class _Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def ended() -> int:
    """Return the id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_one_that_has_taken_over_waits_for_the_one_that_it_replaces(tmp_path: Path) -> None:
    write_down(tmp_path, [(_ALIVE, "old"), (_ALIVE, "new")])
    envoys = Envoys(tmp_path)
    envoys.came("new")
    assert not envoys.are_all_here()
    envoys.came("old")
    assert envoys.are_all_here()
    envoys.left("old")
    assert not envoys.are_all_here()


def test_who_has_ended_is_not_waited_for(tmp_path: Path, ended: int) -> None:
    write_down(tmp_path, [(ended, "old"), (_ALIVE, "new")])
    envoys = Envoys(tmp_path)
    envoys.came("new")
    assert envoys.are_all_here()


@pytest.mark.parametrize("away", ["old", "new"])
def test_one_that_never_comes_is_not_waited_for_without_end(tmp_path: Path, away: str) -> None:
    write_down(tmp_path, [(_ALIVE, "old"), (_ALIVE, "new")])
    clock = _Clock()
    envoys = Envoys(tmp_path, clock=clock)
    envoys.came("new" if away == "old" else "old")
    assert not envoys.are_all_here()
    clock.now += 29
    assert not envoys.are_all_here()
    clock.now += 1
    assert envoys.are_all_here()


def test_one_that_came_and_went_is_waited_for_anew(tmp_path: Path) -> None:
    write_down(tmp_path, [(_ALIVE, "one")])
    clock = _Clock()
    envoys = Envoys(tmp_path, clock=clock)
    assert not envoys.are_all_here()
    envoys.came("one")
    envoys.left("one")
    clock.now += 3600
    assert not envoys.are_all_here()


def test_a_stream_that_is_followed_by_another_one_of_the_same_envoy_leaves_it_here(tmp_path: Path) -> None:
    write_down(tmp_path, [(_ALIVE, "one")])
    envoys = Envoys(tmp_path)
    envoys.came("one")
    envoys.came("one")
    envoys.left("one")
    assert envoys.are_all_here()
    assert envoys.streams == 1


@pytest.mark.parametrize("content", [None, b"", b"nonsense\n", b"\xff\n"])
def test_what_was_not_written_down_holds_nothing_up(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / FILE).write_bytes(content)
    assert Envoys(tmp_path).are_all_here()
