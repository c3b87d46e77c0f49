"""What the rooms measure. Each enters how; it is asked anew whenever somebody reads the figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric

from portal.activity.feed import last_line

MOST = 5_000  # certificates, or APIs, of one family: by age, so that those that are told of stay the same

Measure = Callable[[], Iterable[Metric]]
_measures: list[Measure] = []


def measure_with(measure: Measure) -> None:
    """Let *measure* give families of figures. Entered once by each room."""
    _measures.append(measure)


def families() -> Iterator[Metric]:
    """Yield all families."""
    yield CounterMetricFamily("portal_activity_lines", "Lines of the activity log, by the number of the newest.", value=last_line())
    for measure in _measures:
        yield from measure()
