"""The xDS process: the loop that serves streams, the thread that follows the log, the thread that writes down."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import gc
import logging
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import grpc
from django.conf import settings
from django.utils import timezone

from certificates.sealing import SealingError
from gateway.compile import GatewayListener
from gateway.control.alpn import Handshakes
from gateway.control.enrolment import issue_for_server, server_names
from gateway.control.probes import Probes
from gateway.control.server import ControlPlane, Knows
from gateway.control.snapshot import Snapshot
from gateway.control.status_queue import StatusQueue
from gateway.control.status_writer import StatusWriter
from gateway.control.watch import Watch
from gateway.models import Gateway
from gateway.streams.cache import Cache, Update
from gateway.streams.serving import OPTIONS, add_local_socket
from portal.activity.forwarding import LogKeeper

log = logging.getLogger(__name__)

_SWITCH_SECONDS = 0.0005  # how long one thread may keep the others from running; the default of 5 ms would be seen in every push
_STANDBY_SECONDS = 0.2
_END_SECONDS = 5.0


def serve() -> None:
    """Serve until SIGTERM or SIGINT."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    asyncio.run(_serve())


async def _serve() -> None:
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    statuses, knows = StatusQueue(), Knows()
    cache = Cache(statuses)
    listener = GatewayListener(
        host=settings.GATEWAY_HOST,
        port=settings.GATEWAY_PORT,
        idle_seconds=settings.GATEWAY_IDLE_SECONDS,
        trusted_proxies=settings.GATEWAY_TRUSTED_PROXIES,
    )
    handshakes = Handshakes(allowed=settings.ALLOWED_BACKEND_NETWORKS)
    handshakes.start()
    snapshot = Snapshot(listener, statuses, handshakes)

    def deliver(update: Update) -> None:
        if update.complete:
            gc.collect()
            gc.freeze()  # thousands of resources that stay: walking them would pause the loop for tenths of a second
        loop.call_soon_threadsafe(cache.apply, update)

    def gateways_changed() -> None:
        enrolled = dict(Gateway.objects.exclude(fingerprint="").values_list("fingerprint", "name"))
        loop.call_soon_threadsafe(_admit, cache, knows, enrolled)

    probes = Probes(statuses, loop)
    watch = Watch(snapshot, deliver, gateways_changed, probes.hand_on)
    status_writer = StatusWriter(statuses, snapshot.apis_of)
    with _threads(LogKeeper().run, watch.run, status_writer.run):
        async with _alone(settings.PORTAL_HOME / "xds.lock", ending):
            if not ending.is_set():
                control_plane = ControlPlane(cache, statuses, knows, probes, speaks_http2=snapshot.speaks_http2)
                await _listen(control_plane, cache, ending)


def _admit(cache: Cache, knows: Knows, enrolled: dict[str, str]) -> None:
    """Let these come, and hang up on those that no longer may."""
    gone = set(knows.enrolled.items()) - set(enrolled.items())
    knows.enrolled = enrolled
    cache.end_streams_of(name for _, name in gone)


@contextlib.contextmanager
def _threads(*works: Callable[[threading.Event], None]) -> Iterator[None]:
    """Run each of *works* in a thread; end them in this order: what learns before what writes down."""
    stops = [threading.Event() for _ in works]
    threads = [
        threading.Thread(target=work, args=[stop], name=work.__qualname__, daemon=True) for work, stop in zip(works, stops, strict=True)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for stop, thread in zip(stops, threads, strict=True):
            stop.set()
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
                said = True
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(ending.wait(), _STANDBY_SECONDS)
        yield


async def _listen(control_plane: ControlPlane, cache: Cache, ending: asyncio.Event) -> None:
    socket = settings.PORTAL_HOME / "xds.sock"
    server = grpc.aio.server(options=OPTIONS)
    server.add_generic_rpc_handlers(control_plane.handlers())
    add_local_socket(server, socket)
    network = bool(settings.XDS_ADDRESS) and await _add_network_address(server)
    await server.start()
    log.info("Serving gateways on %s%s.", socket, f" and {settings.XDS_ADDRESS}" if network else "")
    await ending.wait()
    log.info("Ending; the gateways keep what they have.")
    cache.end_streams_of(cache.gateways)
    await server.stop(1)
    socket.unlink(missing_ok=True)


async def _add_network_address(server: grpc.aio.Server) -> bool:
    """Listen for enrolled gateways of other machines; return whether that can be."""
    names = server_names(settings.XDS_ADDRESS.rpartition(":")[0].strip("[]"), settings.XDS_NAMES)
    try:
        issued = await asyncio.to_thread(issue_for_server, *names, now=timezone.now())
    except SealingError as damaged:  # gateways of this machine need no authority
        log.error("Gateways on other machines cannot come: %s", damaged)  # noqa: TRY400 - the sentence says it all
        return False
    credentials = grpc.ssl_server_credentials(
        [(issued.private_key_pem.value, issued.certificate_pem)], root_certificates=issued.authority_pem, require_client_auth=True
    )
    server.add_secure_port(settings.XDS_ADDRESS, credentials)
    log.info("Gateways on other machines may call this one %s.", ", ".join(names))
    return True
