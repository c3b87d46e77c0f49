"""systemd is told how a process is, where it asks for it, and nobody else."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from portal import notify


@contextmanager
def listening(address: str) -> Iterator[socket.socket]:
    """Take what is told, as systemd does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(address.replace("@", "\0", 1))
        listener.settimeout(5)
        yield listener


@pytest.mark.parametrize("abstract", [False, True])
def test_it_is_told_at_the_address_that_it_gave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, abstract: bool) -> None:
    address = f"@{tmp_path}/notify" if abstract else f"{tmp_path}/notify"
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    with listening(address) as listener:
        notify.tell(notify.READY, "Answering calls")

        assert listener.recv(4096) == b"READY=1\nSTATUS=Answering calls"


def test_whoever_asks_for_it_and_does_not_read_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", f"{tmp_path}/notify")
    with listening(f"{tmp_path}/notify") as listener:
        for _ in range(1000):  # far more than the kernel keeps for it
            notify.tell(notify.ALIVE)
        notify.tell(notify.STOPPING)

        assert listener.recv(4096) == b"WATCHDOG=1"


def test_nobody_is_told_without_an_address_or_where_nobody_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify.tell(notify.READY)
    monkeypatch.setenv("NOTIFY_SOCKET", f"{tmp_path}/nobody")
    notify.tell(notify.READY)

    assert list(tmp_path.iterdir()) == []


def test_it_is_told_twice_as_often_as_it_waits_for_and_only_by_the_process_that_it_means(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    assert notify.watchdog_seconds() is None
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    assert notify.watchdog_seconds() == 15
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    assert notify.watchdog_seconds() == 15
    monkeypatch.setenv("WATCHDOG_PID", str(os.getppid()))
    assert notify.watchdog_seconds() is None
