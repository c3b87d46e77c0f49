"""Keeps a token at hand for each API that sends one, gives it to Envoy, and tells the control plane how that goes. [pure]

All in the loop's thread but for the questions themselves. APIs whose sources are equal share an account, and so a token.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Mapping
from pathlib import Path

import grpc

from gateway.agent.chosen import Chosen
from gateway.agent.relay import Relay
from gateway.agent.tokens.account import Account
from gateway.agent.tokens.fetching import Unfetched, fetch
from gateway.agent.tokens.kept import Kept, keep
from gateway.compile.backends.token_source import TokenSource, token
from gateway.compile.names import api_of_token_source
from gateway.compile.resource import SECRET, Resource
from gateway.streams.token_states import METHOD, TokenState, encoded
from gateway.streams.wire import NODE

log = logging.getLogger(__name__)

_AT_ONCE = 8
_REST_SECONDS = 3600.0
_FIRST_SECONDS = 2.0  # for the first attempts, before an Envoy that comes to a new agent is told what there is
_TOLD_EVERY = 60.0  # also without news, for a control plane that has forgotten
_ANSWER_SECONDS = 10.0


class Tokens:
    """The tokens of one gateway."""

    def __init__(self, chosen: Chosen, relay: Relay, home: Path) -> None:
        """Take where sources come from, tokens go, and those of the agent before are kept, if any may be."""
        self._home = home if chosen.keep_hours else None
        self._kept = Kept(home)
        self._chosen = chosen
        self._relay = relay
        self._accounts: dict[TokenSource, Account] = {}
        self._of: dict[int, TokenSource] = {}  # by API
        self._given: dict[int, str] = {}  # what Envoy has by now
        self._asking: dict[TokenSource, asyncio.Task[None]] = {}
        self._free = asyncio.Semaphore(_AT_ONCE)
        self._saved: dict[TokenSource, str] = {}
        self._saving: asyncio.Task[None] | None = None
        self._wake, self._news, self._acted = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def run(self) -> None:
        """Do so for ever."""
        try:
            while True:
                self._wake.clear()
                self._relay.sources_changed.clear()
                self._read()
                self._act()
                self._acted.set()
                await self._rest()
        finally:
            for task in self._asking.values():
                task.cancel()

    async def first_attempts(self) -> None:
        """Wait a moment for tokens that have never been tried for: Envoy goes on with those that the agent before has given it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FIRST_SECONDS):
                while self._relay.sources_changed.is_set() or not all(one.tried or one.value for one in self._accounts.values()):
                    self._acted.clear()
                    await self._acted.wait()

    async def tell(self, channel: grpc.aio.Channel) -> None:
        """Tell a control plane how it is, now and whenever that changes, until it is gone.

        :raises grpc.RpcError: when it is
        """
        send = channel.unary_unary(METHOD, bytes, bytes)
        has_told = False
        while True:
            self._news.clear()
            if self._of or has_told:
                await send(encoded(self._states()), metadata=((NODE, self._chosen.node),), timeout=_ANSWER_SECONDS)
                has_told = True
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), _TOLD_EVERY)

    def refused(self, api: int) -> None:
        """Take note that the back end of an API has answered 401."""
        if source := self._of.get(api):
            self._accounts[source].refused(at=time.monotonic())
            self._wake.set()

    def _account(self, api: int) -> Account:
        return self._accounts[self._of[api]]

    def _read(self) -> None:
        """Take in what sources there are; what was changed goes on with its token where that is the same client's."""
        wanted = dict(_sources(self._relay.token_sources()))
        if wanted == self._of:
            return
        before, self._of = {api: self._accounts[source] for api, source in self._of.items()}, wanted
        accounts = {source: self._accounts.get(source) or self._begun(source) for source in wanted.values()}
        for api, source in wanted.items():
            if api in before and not accounts[source].tried and not accounts[source].value:
                accounts[source].inherit(before[api])
        self._accounts = accounts
        for source in [one for one in self._asking if one not in accounts]:
            self._asking.pop(source).cancel()
        for api in [one for one in self._given if one not in wanted]:
            del self._given[api]
            self._relay.withdraw((SECRET, token(api, "").name))
        self._news.set()

    def _begun(self, source: TokenSource) -> Account:
        account = Account(source=source, due=0.0)
        if token := self._kept.take(source):
            account.resume(token, at=time.monotonic())
        return account

    def _act(self) -> None:
        """Drop what has ended, ask for what is due, and give Envoy what it lacks."""
        now = time.monotonic()
        for source, account in self._accounts.items():
            if account.end(at=now):
                log.warning("A token of %s has ended and there is no other; calls are refused.", source.endpoint)
                self._news.set()
            if now >= account.due and source not in self._asking:
                self._asking[source] = asyncio.create_task(self._ask(account))
        self._give()
        self._save(now)

    def _give(self) -> None:
        fresh: list[Resource] = []
        for api in self._of:
            account = self._account(api)
            if (account.tried or account.value) and self._given.get(api) != account.value:
                self._given[api] = account.value
                fresh.append(token(api, account.value))
        if fresh:
            self._relay.give(fresh)

    def _save(self, now: float) -> None:
        """Keep the tokens that there are, if they are others than those that were kept."""
        values = {source: account.value for source, account in self._accounts.items() if account.value}
        if self._home is None or values == self._saved or (self._saving and not self._saving.done()):
            return
        self._saved = values
        tokens = {source: token for source, account in self._accounts.items() if (token := account.left(at=now))}
        self._saving = asyncio.create_task(asyncio.to_thread(keep, self._home, tokens))
        self._saving.add_done_callback(lambda _done: self._wake.set())

    async def _ask(self, account: Account) -> None:
        source = account.source
        async with self._free:
            asked = time.monotonic()
            try:
                found = await asyncio.to_thread(fetch, source, bundle=self._chosen.trust_bundle)
            except Unfetched as error:
                if account.error != str(error):
                    log.warning("No token from %s for the client %s: %s.", source.endpoint, source.client_id, error)
                account.fail(str(error), at=time.monotonic())
            else:
                account.take(found, asked=asked)
        self._asking.pop(source, None)
        self._give()
        self._news.set()
        self._wake.set()

    async def _rest(self) -> None:
        """Wait until there is something to do."""
        idle = [account for source, account in self._accounts.items() if source not in self._asking]
        ends = [account.ends for account in self._accounts.values() if account.value]
        seconds = min([*(account.next_moment() for account in idle), *ends], default=time.monotonic() + _REST_SECONDS) - time.monotonic()
        waiting = [asyncio.ensure_future(one.wait()) for one in (self._wake, self._relay.sources_changed)]
        try:
            await asyncio.wait(waiting, timeout=max(0.0, min(seconds, _REST_SECONDS)), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()

    def _states(self) -> list[TokenState]:
        now = time.monotonic()
        return [_state(api, self._account(api), now) for api in sorted(self._of)]


def _state(api: int, account: Account, now: float) -> TokenState:
    ends_in = account.ends - now if account.value else None
    return TokenState(api_id=api, ends_in=ends_in, error=account.error, failed=account.failed, fetched=account.fetched)


def _sources(resources: Mapping[str, Resource]) -> dict[int, TokenSource]:
    """Return the sources by API; one that is not understood, as of a later release, is left out: its calls are refused."""
    found = {}
    for name, resource in resources.items():
        if (api := api_of_token_source(name)) is not None:
            with contextlib.suppress(ValueError):
                found[api] = TokenSource.of(resource)
    return found
