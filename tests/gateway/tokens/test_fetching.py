"""One question to a real token endpoint: what it is asked, and what becomes of whatever it answers."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.agent.tokens import fetching
from gateway.agent.tokens.fetching import Token, Unfetched, fetch
from gateway.compile.backends.token_source import TokenSource
from kit.issuing import Issued, issue
from tests.gateway.gateways import identity_of
from tests.gateway.token_endpoints import TokenEndpoint

SECRET = "open sésame:%+&"


@pytest.fixture
def endpoint(server_certificate: Issued, authority: Issued) -> Iterator[TokenEndpoint]:
    with TokenEndpoint(server_certificate, authority, clients={"the client": SECRET}) as running:
        yield running


@pytest.fixture
def source(endpoint: TokenEndpoint, authority: Issued) -> TokenSource:
    return TokenSource(
        endpoint=endpoint.url,
        client_id="the client",
        authenticates_by="basic",
        scope="read write",
        trusted_ca=authority.pem,
        allowed=("127.0.0.0/8", "::1/128"),
        secret=SECRET,
    )


def _ask(source: TokenSource, **changes: Any) -> Token:
    return fetch(dataclasses.replace(source, **changes), bundle=None)


def _failure(source: TokenSource, **changes: Any) -> str:
    with pytest.raises(Unfetched) as refused:
        _ask(source, **changes)
    return str(refused.value)


@pytest.mark.parametrize(("way", "by_header"), [("basic", True), ("body", False)])
def test_a_client_proves_itself_by_its_secret(source: TokenSource, endpoint: TokenEndpoint, way: str, by_header: bool) -> None:
    assert _ask(source, authenticates_by=way, audience="orders") == Token(value="the-client-1", seconds=3600)
    (asked,) = endpoint.asked
    assert (asked.client, asked.secret, asked.by_header) == ("the client", SECRET, by_header)
    assert asked.fields["grant_type"] == "client_credentials"
    assert (asked.fields["scope"], asked.fields["audience"]) == ("read write", "orders")


def test_a_client_proves_itself_by_its_certificate_and_sends_no_secret(
    source: TokenSource, endpoint: TokenEndpoint, client_certificate: Issued
) -> None:
    own = identity_of(client_certificate)
    pem = (own.certificate_chain_pem + own.private_key_pem.value).decode()
    assert _ask(source, client_id="other", authenticates_by="certificate", secret="", identity=pem).value == "other-1"
    (asked,) = endpoint.asked
    assert (asked.certificate, asked.client, asked.secret) == (True, "other", "")


def test_a_wrong_secret_is_told_by_the_word_of_the_standard_alone(source: TokenSource) -> None:
    assert _failure(source, secret="wrong") == "invalid_client"


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (302, b"", "it answered with status 302"),
        (500, b"<html>", "it answered with status 500"),
        (400, json.dumps({"error": "a secret\nof mine"}).encode(), "it answered with status 400"),
        (400, json.dumps({"error": "invalid_scope"}).encode(), "invalid_scope"),
        (200, b"[]", "its answer holds no token that can be sent"),
        (200, b"[" * 5000, "its answer holds no token that can be sent"),
        (200, json.dumps({"access_token": "two\r\nlines", "token_type": "Bearer"}).encode(), "its answer holds no token that can be sent"),
        (200, json.dumps({"access_token": "a", "token_type": "mac"}).encode(), "its token is of another kind than Bearer"),
        (200, json.dumps({"access_token": "a", "token_type": "Bearer", "expires_in": 0}).encode(), "its token has ended already"),
        (200, b"x" * 70_000, "its answer is larger than 64 KiB"),
    ],
)
def test_what_is_no_token_is_told_in_words(source: TokenSource, endpoint: TokenEndpoint, status: int, body: bytes, words: str) -> None:
    endpoint.answers.instead = (status, body)
    assert _failure(source) == words


@pytest.mark.parametrize(("said", "seconds"), [("60", 60), (None, 300), ("soon", 300), (1e12, 864_000), (10**400, 864_000), ("nan", 300)])
def test_how_long_a_token_lasts_is_taken_as_it_is_meant(source: TokenSource, endpoint: TokenEndpoint, said: Any, seconds: float) -> None:
    endpoint.answers.seconds = said
    assert _ask(source).seconds == seconds


def test_an_endpoint_that_is_slow_is_given_up(source: TokenSource, endpoint: TokenEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "_TOTAL_SECONDS", 0.3)
    endpoint.answers.slow = 5
    assert _failure(source) == "it did not answer in time"


def test_an_endpoint_that_cannot_be_trusted_gets_no_secret(source: TokenSource, endpoint: TokenEndpoint) -> None:
    words = _failure(source, trusted_ca=issue("Another", authority=True).pem)
    assert words.startswith("its certificate could not be verified")
    assert not endpoint.asked


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"allowed": ()}, "its address may not be called"),
        ({"endpoint": "https://nowhere.invalid/token"}, "its host name has no address"),
        ({"endpoint": "https://127.0.0.1:1/token"}, "it cannot be reached"),
    ],
)
def test_what_may_not_or_cannot_be_called_is_told(source: TokenSource, changes: dict[str, Any], words: str) -> None:
    assert _failure(source, **changes) == words


def test_neither_sources_nor_tokens_are_printed_with_what_they_hold(source: TokenSource) -> None:
    assert SECRET not in repr(source)
    assert "abc" not in repr(Token(value="abc", seconds=1))
