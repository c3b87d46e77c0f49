"""How calls have ended: from what has been added to Envoy's counters to outcomes and latencies. [pure]

Each call has one outcome. Envoy's router counts per route what was answered, and counts its own answer to a call that failed as a 5xx;
what it says of failures besides (:mod:`gateway.compile.answers.counting`) tells the two apart. A back end that refuses the certificate
under TLS 1.3 breaks off like one that fails, but with an alert, which is counted as well. All are read at one moment, but not at one
stroke: of a call that fails at that very moment, a 5xx may be taken back only by the next reading. Sums are exact.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from apis.policy.failure import OF_THE_CLIENT_CERTIFICATE, Failure
from gateway.seeing.readings import ALERTS, NOWHERE, TIME, Counters, KeyCounter, Unanswered

Latencies = Mapping[str, int]  # how many calls took so many milliseconds, by the lower bound of the bucket


class Outcome(StrEnum):
    """How a call has ended; the values are those of the metrics."""

    OK = "2xx"  # 101 too: a WebSocket was opened
    REDIRECTED = "3xx"
    CLIENT_ERROR = "4xx"
    SERVER_ERROR = "5xx"
    REFUSED_CERTIFICATE = "refused-certificate"  # by an alert, by breaking off where that is how it is said, or by a page
    NO_ANSWER = "no-answer"
    GATEWAY = "gateway"  # the gateway itself refused the call: a wrong key, no operation


_CLASSES = {
    "1xx": Outcome.OK,
    "2xx": Outcome.OK,
    "3xx": Outcome.REDIRECTED,
    "4xx": Outcome.CLIENT_ERROR,
    "5xx": Outcome.SERVER_ERROR,
}
# What ends a call before or beside the router, which therefore has counted no answer of its own (Envoy's response flags; "-": none).
_NOT_THE_ROUTERS = frozenset({"SI", "NC", "-"})
_FAILED = 500  # the status, at least, that the gateway itself answers to a call that failed
_REFUSALS = OF_THE_CLIENT_CERTIFICATE - {Failure.MAYBE_REFUSED}


def differences(before: Counters, now: Counters) -> dict[str, int]:
    """Return what has been added; a counter that has gone back has begun anew."""
    added = {name: value - before.get(name, 0) if value >= before.get(name, 0) else value for name, value in now.items()}
    return {name: value for name, value in added.items() if value}


@dataclass(slots=True)
class Tally:
    """How many calls of one API have ended how.

    :ivar outcomes: by the thumbprint of the certificate that was presented (empty: none), and outcome
    :ivar latencies: of calls that were answered
    """

    outcomes: dict[str, Counter[Outcome]] = field(default_factory=lambda: defaultdict(Counter))
    latencies: Counter[str] = field(default_factory=Counter)

    def sums(self) -> Counter[Outcome]:
        """Return the outcomes whatever was presented."""
        sums: Counter[Outcome] = Counter()
        for outcomes in self.outcomes.values():
            sums.update(outcomes)
        return sums


Key = tuple[int, str]  # a subscription's id, and which of its keys


def tally_keys(added: Counters) -> dict[Key, Counter[Outcome]]:
    """Return what was *added* to the counters of one API's series as outcomes by whose key was shown, where that is counted.

    Alerts are counted of all calls of the API together; those of calls without a key's name cannot be, for each call has shown one.
    """
    by_key: defaultdict[Key, dict[str, int]] = defaultdict(dict)
    for name, number in added.items():
        if one := KeyCounter.of(name):
            by_key[one.subscription, one.kind][one.counted] = number
    alerts, found = added.get(ALERTS, 0), {}
    for key, counters in sorted(by_key.items()):
        own = min(alerts, _maybe_refused(counters))
        alerts -= own
        found[key] = tally("of-a-key", {**counters, ALERTS: own}, presented="")[""].sums()
    return found


def _maybe_refused(counters: Counters) -> int:
    calls = ((Unanswered.of(name), number) for name, number in counters.items())
    return sum(number for one, number in calls if one and one.kind == Failure.MAYBE_REFUSED)


def tally(series: str, added: Counters, *, presented: str) -> dict[str, Tally]:
    """Return what was *added* to the counters of one *series* as outcomes; of one that is an API's, under an empty name.

    Those of the series without a name are told apart by their routes' names.

    :param presented: the certificate under which the back end's answers were counted
    """
    tallies: defaultdict[str, Tally] = defaultdict(Tally)
    alerts = added.get(ALERTS, 0)
    for name, number in added.items():
        if name in _CLASSES:
            tallies[""].outcomes[presented][_CLASSES[name]] += number
        elif name.startswith(TIME):
            tallies[""].latencies[name.removeprefix(TIME)] += number
        elif unanswered := Unanswered.of(name):
            outcomes = tallies[unanswered.route if series == NOWHERE else ""].outcomes[unanswered.presented]
            with_alert = min(alerts, number) if unanswered.kind == Failure.MAYBE_REFUSED else 0
            alerts -= with_alert
            outcomes[Outcome.REFUSED_CERTIFICATE] += with_alert
            outcomes[_outcome_of(unanswered)] += number - with_alert
            for counted in _counted_by_router(unanswered):
                outcomes[counted] -= number
    return dict(tallies)


def _outcome_of(unanswered: Unanswered) -> Outcome:
    if unanswered.kind in _REFUSALS:
        return Outcome.REFUSED_CERTIFICATE
    return Outcome.GATEWAY if unanswered.status and not unanswered.kind else Outcome.NO_ANSWER


def _counted_by_router(unanswered: Unanswered) -> Iterator[Outcome]:
    """Yield as what the router has counted the call: by the status of a back end's page, else its own answer to a call that failed."""
    if unanswered.kind and unanswered.status < _FAILED:
        yield _CLASSES[f"{unanswered.status // 100}xx"]
    elif unanswered.kind and _NOT_THE_ROUTERS.isdisjoint(unanswered.flags.split(",")):
        yield Outcome.SERVER_ERROR
