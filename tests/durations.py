"""How long each test took here last; ``--within SECONDS`` runs the quickest that fit into that, those of changed files before others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import pytest

from tests.changed import changed

_KEPT = "portal/durations"
_UNKNOWN_SECONDS = 0.2


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take ``--within``."""
    parser.addoption("--within", type=float, metavar="SECONDS", help="run only what took no longer than this all together, last time")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes too long, where that is wanted."""
    if (seconds := config.getoption("--within")) is not None:
        chosen = set(within(seconds, [item.nodeid for item in items], kept(config), changed()))
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in chosen])
        items[:] = [item for item in items if item.nodeid in chosen]


def within(seconds: float, tests: Iterable[str], durations: Mapping[str, float], files: Iterable[str]) -> Iterator[str]:
    """Yield tests until the time is spent: those in *files* first, the quickest first."""
    changed_files = set(files)
    took = {test: durations.get(test, _UNKNOWN_SECONDS) for test in tests}
    for test in sorted(took, key=lambda one: (one.partition("::")[0] not in changed_files, took[one], one)):
        seconds -= took[test]
        if seconds < 0:
            return
        yield test


class _Stopwatch:
    """Adds up what each test takes, its fixtures included."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.took: defaultdict[str, float] = defaultdict(float)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add a part of a test."""
        self.took[report.nodeid] += report.duration

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Keep it with what is known of the tests that have not run."""
        if cache := _cache_of(session.config):
            known = {**kept(session.config), **{test: round(seconds, 3) for test, seconds in self.took.items()}}
            cache.set(_KEPT, known)


def pytest_configure(config: pytest.Config) -> None:
    """Measure, but not in xdist's workers: what they measure comes to the one that started them."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Stopwatch())


def kept(config: pytest.Config) -> dict[str, float]:
    """Return how long each test took last, by its id."""
    cache = _cache_of(config)
    return dict(cache.get(_KEPT, {})) if cache else {}


def _cache_of(config: pytest.Config) -> pytest.Cache | None:
    """Return where pytest keeps things between runs; there is none with ``-p no:cacheprovider``."""
    return getattr(config, "cache", None)
