"""Who may read figures, and the addresses where processes without pages tell them."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from kit.ports import free_ports
from portal.health import answering
from portal.metrics.families import may_read
from portal.readiness import Report

TOKEN = "a-token-of-the-tests"


@pytest.mark.parametrize("peer", ["", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "::1%lo"])
def test_without_a_token_this_machine_reads(peer: str) -> None:
    assert may_read(peer, "", "")
    assert not may_read(peer, "", "", direct=False)


@pytest.mark.parametrize("peer", ["10.0.0.1", "::ffff:10.0.0.1", "2001:db8::1", "localhost", "-", "1270.0.1"])
def test_without_a_token_nobody_else_reads(peer: str) -> None:
    assert not may_read(peer, "Bearer x", "")


@pytest.mark.parametrize("sent", ["", "Bearer", "Bearer ", f"Basic {TOKEN}", f"Bearer {TOKEN}x", TOKEN, "Bearer ü"])
def test_with_a_token_only_who_sends_it_reads(sent: str) -> None:
    assert may_read("10.0.0.1", f"Bearer {TOKEN}", TOKEN, direct=False)
    assert not may_read("127.0.0.1", sent, TOKEN)


def test_processes_without_pages_tell_their_parts(tmp_path: Path) -> None:
    report = Report({"streams": "", "changes": "The activity log is not followed."})
    with answering(tmp_path / "health.sock", lambda: report, process="xds"):
        text = asked(tmp_path / "health.sock")
    assert 'portal_part_ready{part="streams",process="xds"} 1.0' in text
    assert 'portal_part_ready{part="changes",process="xds"} 0.0' in text
    assert 'portal_info{process="xds",version=' in text
    assert "process_resident_memory_bytes" in text


def asked(place: Path) -> str:
    with socket.socket(socket.AF_UNIX) as asking:
        asking.connect(str(place))
        asking.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        with asking.makefile("rb") as answer:
            return answer.read().decode()


def test_an_address_tells_this_machine_alone() -> None:
    (port,) = free_ports(1)
    with answering(("127.0.0.1", port), lambda: Report({}), process="agent", token=TOKEN):
        address = f"http://127.0.0.1:{port}/metrics"
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(address)
        asking = urllib.request.Request(address, headers={"Authorization": f"Bearer {TOKEN}"})
        assert b"portal_info" in urllib.request.urlopen(asking).read()
