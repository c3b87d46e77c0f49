"""The xDS process: the loop that serves streams, and watched threads: one follows the log, one writes down, some ask back ends."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import functools
import gc
import logging
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path

import grpc
from django.conf import settings

from certificates.rollout.keeper import Switches, Tries
from certificates.sources.acme.keeper import AcmeKeeper
from certificates.sources.keeper import SourceKeeper
from gateway.compile import GatewayListener
from gateway.control import network
from gateway.control.alpn import Handshakes
from gateway.control.enrolment import server_names
from gateway.control.probes import Probes
from gateway.control.server import ControlPlane, Knows
from gateway.control.snapshot import Snapshot
from gateway.control.status_queue import StatusQueue
from gateway.control.status_writer import StatusWriter
from gateway.control.watch import Watch
from gateway.models import Gateway
from gateway.streams.cache import Cache, Update
from gateway.streams.serving import OPTIONS, add_local_socket
from portal import __version__, keepers, notify, parts, troubles
from portal.activity.forwarding import LogKeeper
from portal.health import answering
from portal.readiness import Readiness, turning
from portal.threads import WatchedThreads

log = logging.getLogger(__name__)

_SWITCH_SECONDS = 0.0005  # how long one thread may keep the others from running; the default of 5 ms would be seen in every push
_STANDBY_SECONDS = 0.2
_SENT_SECONDS = 0.05  # how long the next change waits, at most, until this one is on its way
_END_SECONDS = 5.0


class Failed(Exception):
    """The process has ended because a part of it could not go on."""


def serve() -> None:
    """Serve until SIGTERM or SIGINT.

    :raises Failed: if a thread has ended before
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
    asyncio.run(_serve())


async def _serve() -> None:
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    threads = WatchedThreads(functools.partial(loop.call_soon_threadsafe, ending.set))
    statuses, knows = StatusQueue(), Knows()
    cache = Cache(statuses)
    handshakes = Handshakes(allowed=settings.ALLOWED_BACKEND_NETWORKS)
    handshakes.start(threads.start)
    snapshot = Snapshot(_listener(), statuses, handshakes)

    def deliver(update: Update) -> None:
        if update.complete:
            gc.collect()
            gc.freeze()  # thousands of resources that stay: walking them would pause the loop for tenths of a second
        sent = threading.Event()

        def apply() -> None:
            cache.apply(update)
            loop.call_soon(sent.set)  # after the streams that it has woken

        loop.call_soon_threadsafe(apply)
        sent.wait(_SENT_SECONDS)  # the thread that looks for the next change would keep the loop from running

    def gateways_changed() -> None:
        rows = list(Gateway.objects.exclude(fingerprint="").values_list("name", "fingerprint", "next_fingerprint"))
        enrolled = {fingerprint: name for name, *fingerprints in rows for fingerprint in fingerprints if fingerprint}
        loop.call_soon_threadsafe(_admit, cache, knows, enrolled, frozenset(renewed for *_, renewed in rows if renewed))

    probes = Probes(statuses, loop)
    watch = Watch(snapshot, deliver, gateways_changed, probes.hand_on)
    control_plane = ControlPlane(cache, statuses, knows, probes, speaks_http2=snapshot.speaks_http2)
    identity = network.ServerIdentity(*_names()) if settings.XDS_ADDRESS else None
    own = {"certificate": identity.trouble} if identity else {}
    readiness = Readiness({**parts.looks(), **own, "changes": lambda: watch.trouble() or control_plane.trouble, "streams": turning(loop)})
    if identity:
        troubles.register("control-plane", identity.failing)
    works = {
        **keepers.works(),
        "log_keeper": LogKeeper().run,
        "rollout_tries": Tries().run,
        "rollout_switches": Switches().run,
        "source_keeper": SourceKeeper().run,
        "acme_keeper": AcmeKeeper().run,
        "watch": watch.run,
        "status_writer": StatusWriter(statuses, snapshot.apis_of).run,
    }
    with _working(threads, works, wake=statuses.something.set):
        async with _alone(settings.PORTAL_HOME / "xds.lock", ending):
            if not ending.is_set():
                with answering(settings.XDS_HEALTH_ADDRESS, readiness.report, process="xds", token=settings.METRICS_TOKEN):
                    await _listen(control_plane, cache, ending, identity)
    if threads.ended:
        raise Failed(f"The thread {threads.ended} has ended.")


def _listener() -> GatewayListener:
    return GatewayListener(
        host=settings.GATEWAY_HOST,
        port=settings.GATEWAY_PORT,
        idle_seconds=settings.GATEWAY_IDLE_SECONDS,
        trusted_proxies=settings.GATEWAY_TRUSTED_PROXIES,
    )


def _admit(cache: Cache, knows: Knows, enrolled: dict[str, str], renewed: frozenset[str]) -> None:
    """Let these come, and hang up on those whose certificate no longer counts; who has come with a renewed one stays."""
    gone = set(knows.enrolled.items()) - set(enrolled.items())
    knows.enrolled, knows.renewed = enrolled, renewed
    cache.end_streams({fingerprint for fingerprint, _ in gone})


@contextlib.contextmanager
def _working(
    threads: WatchedThreads, works: Mapping[str, Callable[[threading.Event], None]], *, wake: Callable[[], None]
) -> Iterator[None]:
    """Run each of *works* in a watched thread; at the end all but the last together, then the last: what learns before what writes down.

    :param wake: lets the last not wait for something to write
    """
    running = []
    for name, work in works.items():
        stop = threading.Event()
        running.append((stop, threads.start(name, functools.partial(work, stop))))
    try:
        yield
    finally:
        threads.let_end()
        *learning, writing = running
        for together in (learning, [writing]):
            for stop, _ in together:
                stop.set()
            wake()
            for _, thread in together:
                thread.join(_END_SECONDS)


@contextlib.asynccontextmanager
async def _alone(lock: Path, ending: asyncio.Event) -> AsyncIterator[None]:
    """Hold *lock*. While another process does, stand by, ready to take over at once."""
    with lock.open("w") as file:
        said = False
        while not ending.is_set():
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not said:
                    log.info("Another process serves the gateways here; standing by.")
                    notify.tell(notify.READY, "Standing by: another process serves the gateways here")
                said = True
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(ending.wait(), _STANDBY_SECONDS)
        yield


async def _listen(control_plane: ControlPlane, cache: Cache, ending: asyncio.Event, identity: network.ServerIdentity | None) -> None:
    """Serve gateways until *ending*, those of this machine also while others cannot be served.

    :raises RuntimeError: if an address cannot be listened on
    """
    socket = settings.PORTAL_HOME / "xds.sock"
    local, remote = (grpc.aio.server(options=OPTIONS) for _ in range(2))
    for server in (local, remote):
        server.add_generic_rpc_handlers(control_plane.handlers())
    add_local_socket(local, socket)
    await local.start()
    log.info("Publisher portal %s, serving gateways on %s.", __version__, socket)
    notify.tell(notify.READY, "Serving gateways")
    alive = asyncio.create_task(_tell_that_it_is_alive())
    ends = asyncio.create_task(ending.wait())
    tasks = [ends, *([asyncio.create_task(network.listen(remote, identity, settings.XDS_ADDRESS))] if identity else [])]
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    notify.tell(notify.STOPPING)
    log.info("Ending; the gateways keep what they have.")
    for task in (*tasks, alive):
        task.cancel()
    cache.end_streams()
    await asyncio.gather(local.stop(1), remote.stop(1))
    socket.unlink(missing_ok=True)
    for task in done:
        task.result()  # raises what has ended it


async def _tell_that_it_is_alive() -> None:
    """Tell systemd, as long as the loop turns."""
    while seconds := notify.watchdog_seconds():
        notify.tell(notify.ALIVE)
        await asyncio.sleep(seconds)


def _names() -> tuple[str, ...]:
    """Return under which names gateways of other machines reach this process."""
    return server_names(settings.XDS_ADDRESS.rpartition(":")[0].strip("[]"), settings.XDS_NAMES)
