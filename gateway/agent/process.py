"""The agent's process: what Envoy talks to, over a socket of this machine, and what talks to the control planes. [pure]

Started by the supervisor, in PORTAL_HOME. It knows nothing of Django. What ends it, ends all of it: the supervisor starts it again, and
meanwhile Envoy goes on with what it has.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest

from gateway.agent import kept
from gateway.agent.chosen import FILE, Chosen
from gateway.agent.control_planes import Beside, ControlPlanes
from gateway.agent.counting import Counting
from gateway.agent.envoys import Envoys
from gateway.agent.probes import carry_out
from gateway.agent.relay import GATEWAY, Relay
from gateway.agent.renewing import Renewing
from gateway.agent.reports import Reports
from gateway.agent.supervisor import AGENT_SOCKET, HEALTH_SOCKET
from gateway.agent.tokens.keeping import Tokens
from gateway.compile import Resource
from gateway.streams.cache import NodeStream
from gateway.streams.serving import OPTIONS, Context, add_local_socket, handlers, serve_deltas
from gateway.streams.stream import Peer
from gateway.streams.wire import node_of_agent
from portal import __version__, logs
from portal.disk import lack_of
from portal.health import answering
from portal.readiness import Look, Readiness, turning

log = logging.getLogger("gateway.agent.process")  # it is run as the main module

_SWITCH_SECONDS = 0.0005  # as the control plane has it: what is written to the disk must not be seen in a change
_FIRST_CHANCE_SECONDS = 1.0  # for a control plane, before an Envoy is started with what was kept
_GATHER_SECONDS = 0.2  # what has become good within this time is kept together
_WRITING_SHARE = 10  # and no more of the time is spent on it than one part in so many
_RETRY_SECONDS = 10.0
_LOOK_SECONDS = 0.5
_STILL_GOOD_SECONDS = 300.0  # how often it is noted that what was kept is good still


class Agent:
    """The agent beside one Envoy."""

    def __init__(self, chosen: Chosen, home: Path) -> None:
        """Take over what was kept, if it may be used."""
        self._home = home
        self._keep = timedelta(hours=chosen.keep_hours)
        self._health = chosen.health or home / HEALTH_SOCKET
        self._envoys = Envoys(home)
        node = node_of_agent(chosen.node, chosen.envoy)
        self._relay = Relay(chosen.listener, self._usable(), all_here=self._envoys.are_all_here)
        self._reports = Reports(node)
        self._tokens = Tokens(chosen, self._relay, home)
        self._counting = Counting(chosen, self._relay, unauthorized=self._tokens.refused)
        reports = (self._reports.hand_on_failed_calls, self._counting.hand_on)
        beside: list[Beside] = [
            *reports,
            self._tokens.tell,
            functools.partial(carry_out, chosen=chosen),
            Renewing(chosen).run,
        ]
        self._control_planes = ControlPlanes(chosen, node, self._relay, beside=beside, removed=self._removed)
        gc.collect()
        gc.freeze()  # what stays need not be walked through

    async def run(self, ending: asyncio.Event) -> None:
        """Serve Envoy until *ending*."""
        server = grpc.aio.server(options=OPTIONS)
        server.add_generic_rpc_handlers(handlers(self._deltas, self._reports.logs))
        add_local_socket(server, self._home / AGENT_SOCKET)
        await server.start()
        try:
            with self._telling_how_it_is():
                async with asyncio.TaskGroup() as tasks:
                    keepers = (self._control_planes.run(), self._counting.run(), self._tokens.run())
                    for work in (*keepers, self._keep_good(), self._use_kept(), self._settle(), _end(ending)):
                        tasks.create_task(work)
        except* _Ended:
            await server.stop(0)

    @contextlib.contextmanager
    def _telling_how_it_is(self) -> Iterator[None]:
        """Answer whoever asks; a gateway whose health cannot be asked goes on all the same."""
        looks: dict[str, Look] = {
            "configuration": lambda: "" if self._relay.ready.is_set() else "There is no configuration yet.",
            "envoy": lambda: "" if self._envoys.streams else "Envoy has no stream to its agent.",
            "streams": turning(asyncio.get_running_loop()),
            "disk": lambda: lack_of(self._home) or "",
        }
        with contextlib.ExitStack() as open_address:
            try:
                open_address.enter_context(answering(self._health, Readiness(looks).report, process="agent"))
            except OSError as error:
                log.error("Its health cannot be told at %s: %s.", self._health, error.strerror)  # noqa: TRY400 - no trace is needed
            yield

    def close(self) -> None:
        """Keep what is good by now."""
        if self._relay.changed.is_set():
            self._write(tuple(self._relay.good.values()))

    async def _deltas(self, requests: AsyncIterator[DeltaDiscoveryRequest], context: Context) -> None:
        """Serve an Envoy, once there is something to serve, until it or we hang up."""
        if (first := await anext(aiter(requests), None)) is None:
            return
        await self._relay.ready.wait()
        await self._tokens.first_attempts()
        node_stream = NodeStream(self._relay.cache, GATEWAY, Peer.ENVOY_OF_AGENT, fallbacks=self._relay.stand_ins)
        self._envoys.came(zone := first.node.locality.zone)
        try:
            await serve_deltas(node_stream, self._relay.cache, first, requests, context)
        finally:
            self._envoys.left(zone)
            self._relay.settle()

    async def _settle(self) -> None:
        """Look now and then whether an Envoy that was waited for has ended; nobody else tells."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            self._relay.settle()

    def _usable(self) -> tuple[Resource, ...]:
        """Return what was kept, nothing if it is too old."""
        try:
            found = kept.kept(self._home)
        except kept.Unreadable as error:
            log.warning("%s The gateway waits for a control plane.", error)
            kept.forget(self._home)
            return ()
        if found is None:
            return ()
        resources, good_at = found
        if datetime.now(UTC) - good_at >= self._keep:
            log.warning("The configuration of %s that was kept is too old; the gateway waits for a control plane.", _words(good_at))
            kept.forget(self._home)
            return ()
        self._good_at = good_at
        return resources

    async def _use_kept(self) -> None:
        """Start with what was kept, unless a control plane is there to say what has changed, or that the gateway may not come."""
        if not self._relay.good:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._control_planes.tried.wait(), _FIRST_CHANCE_SECONDS)
        await self._control_planes.not_turned_away()
        if self._relay.good and not self._relay.ready.is_set():
            log.warning("No control plane is there; the gateway runs on the configuration of %s.", _words(self._good_at))
            self._relay.ready.set()

    async def _keep_good(self) -> None:
        """Write down what is good whenever it has changed, and now and then that it is good still."""
        pause = _GATHER_SECONDS
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._relay.changed.wait(), _STILL_GOOD_SECONDS)
            if not (self._relay.changed.is_set() or self._control_planes.there):
                continue
            await asyncio.sleep(pause)
            self._relay.changed.clear()
            began = asyncio.get_running_loop().time()
            if not await asyncio.to_thread(self._write, tuple(self._relay.good.values())):
                self._relay.changed.set()
                await asyncio.sleep(_RETRY_SECONDS)
            pause = max(_GATHER_SECONDS, _WRITING_SHARE * (asyncio.get_running_loop().time() - began))

    def _write(self, good: tuple[Resource, ...]) -> bool:
        """Keep what is *good*; return whether that worked. A disk that is full is no reason to end."""
        try:
            if self._keep and good:
                kept.keep(self._home, good, at=datetime.now(UTC))
            else:
                kept.forget(self._home)
        except OSError as error:
            log.warning("The configuration could not be kept: %s.", error.strerror)
            return False
        return True

    def _removed(self) -> None:
        if self._relay.good:
            log.warning("This gateway was removed; it gives its configuration up.")
            self._relay.forget()


class _Ended(Exception):
    """Somebody has asked for the end."""


async def _end(ending: asyncio.Event) -> None:
    await ending.wait()
    raise _Ended


def _words(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M %Z}"


async def _main(home: Path) -> None:
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    agent = Agent(Chosen.parse((home / FILE).read_text(encoding="utf-8")), home)
    try:
        await agent.run(ending)
    finally:
        agent.close()


def main() -> None:
    """Run the agent of the folder that this was started in."""
    form, level = os.environ.get("PORTAL_LOG_FORMAT", logs.PLAIN), os.environ.get("PORTAL_LOG_LEVEL", "info")
    logs.log_to_standard_error("agent", form=form, level=level)
    log.info("Publisher portal %s.", __version__)
    sys.setswitchinterval(_SWITCH_SECONDS)
    asyncio.run(_main(Path.cwd()))


if __name__ == "__main__":
    main()
