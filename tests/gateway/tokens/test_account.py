"""When a token is renewed, tried for again, and given up."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from gateway.agent.tokens.account import Account
from gateway.agent.tokens.fetching import Token
from gateway.compile.backends.token_source import TokenSource

SOURCE = TokenSource(endpoint="https://login.example.com/token", client_id="me", authenticates_by="basic", secret="s")


def _account(source: TokenSource = SOURCE) -> Account:
    return Account(source=source, due=0)


def test_a_token_is_renewed_after_two_thirds_of_its_life_and_never_later_than_its_end() -> None:
    account = _account()
    account.take(Token(value="t", seconds=900), asked=100)
    assert 100 + 540 <= account.due <= 100 + 600
    assert account.next_moment() == account.due
    assert not account.end(at=999.9)
    assert account.end(at=1000)
    assert account.value == ""


def test_after_a_failure_the_token_is_used_until_its_end() -> None:
    account = _account()
    account.take(Token(value="t", seconds=900), asked=0)
    account.fail("invalid_client", at=600)
    assert (account.value, account.error, account.failed) == ("t", "invalid_client", 1)
    assert account.end(at=900)
    assert account.error


def test_attempts_that_fail_are_further_and_further_apart_up_to_a_minute() -> None:
    account = _account()
    pauses = []
    for _ in range(20):
        account.fail("no", at=0)
        pauses.append(account.due)
    assert pauses[0] < 1.2
    assert 1.7 < pauses[1] < 2.3
    assert all(53 < pause < 67 for pause in pauses[7:])


def test_tokens_that_last_no_time_are_not_asked_for_without_a_pause() -> None:
    account = _account()
    account.take(Token(value="t", seconds=0.01), asked=10)
    assert account.due == 10.5


@pytest.mark.parametrize(("changes", "goes_on"), [({"secret": "new"}, True), ({"client_id": "other"}, False), ({"scope": "more"}, False)])
def test_another_secret_goes_on_with_the_token_and_another_client_does_not(changes: dict[str, Any], goes_on: bool) -> None:
    before, after = _account(), _account(dataclasses.replace(SOURCE, **changes))
    before.take(Token(value="t", seconds=900), asked=0)
    after.inherit(before)
    assert bool(after.value) is goes_on


def test_a_token_that_a_back_end_refuses_is_renewed_early_and_less_often_while_that_does_not_help() -> None:
    account = _account()
    pauses = []
    for _ in range(10):
        account.take(Token(value="t", seconds=3600), asked=100)
        account.refused(at=101)
        pauses.append(account.due - 100)
    assert pauses[:4] == [5, 10, 20, 40]
    assert pauses[-1] == 300
    account.take(Token(value="t", seconds=3600), asked=1000)
    account.take(Token(value="t", seconds=3600), asked=4000)  # in its time
    account.refused(at=4100)
    assert account.due == 4100


def test_a_refusal_hastens_no_attempts_that_fail() -> None:
    account = _account()
    account.take(Token(value="t", seconds=3600), asked=0)
    account.fail("no", at=2400)
    due = account.due
    account.refused(at=2400)
    assert account.due == due
