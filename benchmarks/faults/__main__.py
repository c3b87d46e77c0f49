"""Lets everything break, round after round, under load. ``python -m benchmarks.faults``"""

from __future__ import annotations

import signal
import statistics
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence

from benchmarks.faults import databases, killing, machine, processes
from benchmarks.faults.places import possible, stage
from benchmarks.faults.stage import CALLERS, Fault, Outcome, Where
from benchmarks.report import Row, options, progress, publish, short

FAULTS: tuple[Fault, ...] = (*processes.FAULTS, *databases.FAULTS, *machine.FAULTS, *killing.FAULTS)


def main(arguments: Namespace) -> None:
    """Let what is chosen break, and publish."""
    rounds = 1 if arguments.quick else arguments.rounds
    seconds = 1.0 if arguments.quick else arguments.seconds
    chosen = [fault for fault in FAULTS if any(word in fault.title for word in arguments.only or [""])]
    rows = [row for where in Where for row in _rows(where, chosen, arguments.apis, seconds, rounds)]
    remarks = [
        f"{CALLERS} callers, {arguments.apis:,} APIs with a certificate each; what is broken stays so for {seconds:g} s.",
        "Lost: what was acknowledged and is not there afterwards, is half written, breaks the log's chain, or differs at the gateway.",
        "While no Envoy runs, or it has no descriptors, nobody can answer: those calls fail.",
    ]
    publish("faults", {"Under load": rows}, arguments, remarks=remarks)


def _rows(where: Where, chosen: Sequence[Fault], apis: int, seconds: float, rounds: int) -> Iterator[Row]:
    faults = [fault for fault in chosen if fault.where is where]
    if faults and not possible(where):
        progress(f"Left out, because this machine lacks what it takes: {where.value}")
        return
    if faults:
        with stage(where, apis=apis, seconds=seconds) as place:
            for fault in faults:
                progress(f"{fault.title}, {rounds} rounds …")
                row = _row(fault, [_told(fault, place.suffer(fault)) for _ in range(rounds)])
                progress(f"  {', '.join(f'{name} {short(figure)}' for name, figure in row.items() if name)}")
                yield row


def _told(fault: Fault, outcome: Outcome) -> Outcome:
    """Return *outcome*; what is wrong in it is told at once."""
    failed = 0 if fault.loses_calls else outcome.failed
    if outcome.wrong or outcome.lost or failed:
        progress(f"  {outcome.wrong} wrong, {failed} failed: {'; '.join((*outcome.examples, *outcome.lost))}")
    return outcome


def _row(fault: Fault, outcomes: Sequence[Outcome]) -> Row:
    recoveries = [outcome.recovery for outcome in outcomes]
    return {
        "": fault.title,
        "rounds": len(outcomes),
        "calls": sum(outcome.calls for outcome in outcomes),
        "wrong answers": sum(outcome.wrong for outcome in outcomes),
        "failed": sum(outcome.failed for outcome in outcomes),
        "lost": sum(len(outcome.lost) for outcome in outcomes),
        "longest silence s": max(outcome.silence for outcome in outcomes),
        "recovery s, p50": statistics.median(recoveries),
        "max": max(recoveries),
        "recovery is": fault.recovery_is,
    }


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what runs is ended, and disks are unmounted
    parser = options("Break everything, round after round, under load.")
    parser.add_argument("--rounds", type=int, default=20, help="of each (20)")
    parser.add_argument("--only", action="append", metavar="WORDS", help="what has these words in its title; may be repeated")
    parser.add_argument("--seconds", type=float, default=2, help="how long what is broken stays so (2)")
    parser.add_argument("--apis", type=int, default=10, help="of the portal (10)")
    main(parser.parse_args())
