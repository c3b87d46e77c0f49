"""Tokens on a gateway's disk: sealed, found again by their source alone, and gone with their end."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from gateway.agent import kept
from gateway.agent.tokens.fetching import Token
from gateway.agent.tokens.kept import Kept, keep
from gateway.compile.backends.token_source import TokenSource

SOURCE = TokenSource(endpoint="https://login.example.com/token", client_id="me", authenticates_by="basic", secret="hush")


def test_a_token_is_found_by_its_source_and_by_no_other(tmp_path: Path) -> None:
    keep(tmp_path, {SOURCE: Token(value="open-sesame", seconds=900)})
    again = Kept(tmp_path)
    assert again.take(dataclasses.replace(SOURCE, secret="another")) is None
    found = again.take(SOURCE)
    assert found
    assert found.value == "open-sesame"
    assert 0 < found.seconds <= 900
    for file in tmp_path.iterdir():
        assert file.stat().st_mode & 0o777 == 0o600
        assert not any(word in file.read_bytes() for word in (b"sesame", b"hush", b"login"))


def test_what_has_ended_or_was_damaged_is_nothing(tmp_path: Path) -> None:
    assert Kept(tmp_path).take(SOURCE) is None
    keep(tmp_path, {SOURCE: Token(value="t", seconds=-1)})
    assert Kept(tmp_path).take(SOURCE) is None
    keep(tmp_path, {SOURCE: Token(value="t", seconds=900)})
    file = tmp_path / kept.TOKENS
    file.write_bytes(file.read_bytes()[:-1])
    assert Kept(tmp_path).take(SOURCE) is None


def test_no_tokens_leave_no_file(tmp_path: Path) -> None:
    keep(tmp_path, {SOURCE: Token(value="t", seconds=900)})
    keep(tmp_path, {})
    assert not (tmp_path / kept.TOKENS).exists()
