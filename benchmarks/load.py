"""As many calls as possible: by wrk where it is installed (``apt-get install wrk``), else by our own callers, which are slower."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from dataclasses import dataclass

from benchmarks import servers
from benchmarks.callers import Request, calling
from benchmarks.report import percentile

CONNECTIONS = 64
_SCRIPT = """
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\\n{"calls": %d, "seconds": %f, "p50_ms": %f, "p99_ms": %f, "refused": %d, "broken": %d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a round of calls amounts to.

    :ivar failed: answers other than 2xx and 3xx, and calls without an answer
    """

    calls: int
    seconds: float
    p50_ms: float
    p99_ms: float
    failed: int

    @property
    def per_second(self) -> float:
        """Calls a second."""
        return self.calls / self.seconds


def generator() -> str:
    """Return what makes the calls."""
    return "wrk" if servers.program("wrk") else "our own callers (wrk is not installed)"


def put_load(url: str, request: Request, *, seconds: float, core: int | None = None, connections: int = CONNECTIONS) -> Load:
    """Call *url* (scheme, host and port) for *seconds* over kept *connections*, each with one call at a time.

    :param core: the one processor core that wrk may use; ``None``: all
    """
    if (wrk := servers.program("wrk")) is None:
        return _load_by_callers(int(url.rpartition(":")[2]), request, seconds=seconds, connections=connections)
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_SCRIPT)
        script.flush()
        pinned = ["taskset", "--cpu-list", str(core)] if core is not None else []
        command = [*pinned, wrk, "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--timeout", "10s", "-s", script.name]
        header = ["-H", f"Ocp-Apim-Subscription-Key: {request.key}"] if request.key else []
        done = subprocess.run([*command, *header, f"{url}{request.path}"], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    return Load(failed=found.pop("refused") + found.pop("broken"), **found)


def _load_by_callers(port: int, request: Request, *, seconds: float, connections: int) -> Load:
    with calling(port, [request], number=connections) as calls:
        time.sleep(seconds)
    latencies = [latency * 1000 for latency in calls.latencies()]
    return Load(
        calls=len(calls),
        seconds=seconds,
        p50_ms=percentile(latencies, 0.5),
        p99_ms=percentile(latencies, 0.99),
        failed=sum(status != 200 for status in calls.statuses),
    )
