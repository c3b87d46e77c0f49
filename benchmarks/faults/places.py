"""Portals on which things may break, each on what its faults need."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from benchmarks import servers
from benchmarks.backends import start_backend
from benchmarks.faults.client import Client
from benchmarks.faults.stage import Stage, Where
from benchmarks.faults.worlds import Clock, has_fake_clock, may_mount, small_disk
from benchmarks.faults.writers import WRITTEN_APIS, Writers
from benchmarks.plan import Plan
from benchmarks.stack import Stack
from kit.issuing import issue
from tests.postgresql import Server, stoppable_server

_SMALL_MEGABYTES = 96
_INJECTED = Path(__file__).with_name("injected")  # what lets threads die
_DURABLE = ("synchronous_commit=on", "full_page_writes=on")  # what is acknowledged survives the server's death


@contextmanager
def stage(where: Where = Where.SQLITE, *, apis: int = 10, seconds: float = 1.0) -> Iterator[Stage]:
    """Set up a portal on which things may break for *seconds* each."""
    with servers.workplace() as folder, ExitStack() as ends:
        (folder / "backend").mkdir()
        backend = start_backend(folder / "backend", issue("authority", authority=True), http2=True)
        ends.callback(backend.stop)
        plan = Plan(apis=apis, certificates=apis, keys=20)

        def stack(home: Path, database_url: str = "", *, served: bool = False, clock: Clock | None = None) -> Stack:
            further = dict(clock.environment) if clock else {"PYTHONPATH": str(_INJECTED)} if served else {}
            ours = Stack(home=home, backend=backend, plan=plan, database_url=database_url, served=served, further=further)
            return ends.enter_context(ours)

        yield _PLACES[where](folder, ends, stack, seconds)


def possible(where: Where) -> bool:
    """Return whether this machine has what it takes."""
    match where:
        case Where.SMALL_DISK | Where.POSTGRESQL_ON_SMALL_DISK:
            return may_mount()
        case Where.OWN_CLOCK:
            return has_fake_clock()
        case _:
            return True


_MakeStack = Callable[..., Stack]


def _on_sqlite(folder: Path, _ends: ExitStack, stack: _MakeStack, seconds: float) -> Stage:
    return Stage(stack(folder / "ours"), seconds)


def _on_small_disk(folder: Path, ends: ExitStack, stack: _MakeStack, seconds: float) -> Stage:
    disk = ends.enter_context(small_disk(folder / "ours", megabytes=_SMALL_MEGABYTES))
    return _written(Stage(stack(folder / "ours", served=True), seconds, disk=disk))


def _under_own_clock(folder: Path, _ends: ExitStack, stack: _MakeStack, seconds: float) -> Stage:
    clock = Clock(folder)
    return _written(Stage(stack(folder / "ours", served=True, clock=clock), seconds, clock=clock))


def _served(folder: Path, _ends: ExitStack, stack: _MakeStack, seconds: float) -> Stage:
    return _written(Stage(stack(folder / "ours", served=True), seconds))


def _on_postgresql(folder: Path, ends: ExitStack, stack: _MakeStack, seconds: float) -> Stage:
    database, standby = (ends.enter_context(_server()) for _ in range(2))
    standby.stop()
    standby.follow(database)
    url = f"postgresql://portal@/postgres?host={database.folder},{standby.folder}&target_session_attrs=read-write"
    return Stage(stack(folder / "ours", url, served=True), seconds, database=database, standby=standby)


def _served_on_postgresql(folder: Path, ends: ExitStack, stack: _MakeStack, seconds: float) -> Stage:
    database = ends.enter_context(_server())
    return _written(Stage(stack(folder / "ours", database.url, served=True), seconds, database=database))


def _on_postgresql_on_small_disk(folder: Path, ends: ExitStack, stack: _MakeStack, seconds: float) -> Stage:
    disk = ends.enter_context(small_disk(folder / "disk", megabytes=_SMALL_MEGABYTES))
    folder.chmod(0o755)
    database = ends.enter_context(_server(data=disk.folder, settings=("max_wal_size=48MB", "min_wal_size=32MB")))
    return _written(Stage(stack(folder / "ours", database.url, served=True), seconds, database=database, disk=disk))


def _written(stage: Stage) -> Stage:
    """Let somebody write what *stage* holds; nobody calls what is written."""
    stage.writers = Writers(stage.ours, Client(stage.ours))
    stage.called = range(WRITTEN_APIS, stage.ours.plan.apis)
    return stage


def _server(*, data: Path | None = None, settings: tuple[str, ...] = ()) -> AbstractContextManager[Server]:
    return stoppable_server(data=data, settings=(*_DURABLE, *settings))


_PLACES: dict[Where, Callable[[Path, ExitStack, _MakeStack, float], Stage]] = {
    Where.SQLITE: _on_sqlite,
    Where.SMALL_DISK: _on_small_disk,
    Where.OWN_CLOCK: _under_own_clock,
    Where.SERVED: _served,
    Where.POSTGRESQL: _on_postgresql,
    Where.POSTGRESQL_ON_SMALL_DISK: _on_postgresql_on_small_disk,
    Where.POSTGRESQL_SERVED: _served_on_postgresql,
}
