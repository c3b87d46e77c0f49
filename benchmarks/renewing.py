"""Calls while back ends renew their connections, through the whole product: lost, sent twice. ``python -m benchmarks.renewing``

Portal, xDS process and gateway run as people run them; that a back end speaks HTTP/2 is found out by themselves. It ends with status 1 if a
call was lost or came twice.
"""

from __future__ import annotations

import sys
import time
from argparse import Namespace

from benchmarks import servers
from benchmarks.backends_table import is_as_it_shall_be, running
from benchmarks.numbered import Outcome, connections, make_calls, sent_twice
from benchmarks.plan import Plan, api_name, key_of
from benchmarks.report import Row, options, progress, publish
from benchmarks.setups import RENEWING, Setup
from benchmarks.stack import Stack
from kit.issuing import issue

_PLAN = Plan(apis=1, certificates=1, keys=2, operations=1, method="*")
_LEARNED_WITHIN_SECONDS = 3.0
_QUICK_CALLS = 2000


def main(arguments: Namespace) -> int:
    """Measure, print, and return the exit status."""
    rows: list[Row] = []
    good = True
    for setup in RENEWING:
        progress(setup.name)
        calls = _QUICK_CALLS if arguments.quick else setup.calls
        began = time.monotonic()
        outcome, renewed = _measure(setup, calls)
        good = good and is_as_it_shall_be(outcome, setup)
        rows.append(
            {
                "back end": setup.name,
                "callers": setup.callers,
                "calls": outcome.calls,
                "lost": outcome.lost,
                "connections": renewed,
                "sent twice": outcome.twice,
                "seconds": time.monotonic() - began,
                "words": "; ".join(outcome.words) or None,
            }
        )
    publish("renewed connections", {"Calls while connections are renewed": rows}, arguments)
    return 0 if good else 1


def _measure(setup: Setup, calls: int) -> tuple[Outcome, int]:
    with (
        servers.workplace() as folder,
        running(setup, folder, issue("Benchmark authority", authority=True)) as backend,
        Stack(home=folder / "home", backend=backend, plan=_PLAN) as stack,
    ):
        time.sleep(_LEARNED_WITHIN_SECONDS)
        targets = [f"/{api_name(0)}{path}" for path in setup.paths]
        outcome = make_calls(stack.port, targets, callers=setup.callers, calls=calls, key=key_of(0))
        time.sleep(1)  # for the last lines of logs
        outcome.twice = sent_twice(log := folder / "calls.log")
        return outcome, connections(log)


if __name__ == "__main__":
    sys.exit(main(options(__doc__.splitlines()[0]).parse_args()))
