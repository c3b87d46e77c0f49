"""What an agent reads of its Envoy's counters, and how it travels to a control plane. [pure]

Readings are totals since Envoy began, not differences: whoever misses some, or gets one twice, loses and gains nothing. What belongs to one
back end's cluster is a *series*; calls that no API's cluster is known of share the series without a name.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import quote

from gateway.compile import api_of_cluster, cluster_name
from gateway.compile.answers import counting
from gateway.compile.keys.owners import Owner

log = logging.getLogger(__name__)

METHOD = "/portal.gateway.Counting/Count"  # a reading in, nothing out
NOWHERE = ""  # the series of calls that belong to no cluster
TIME = "time|"  # the counters of latencies: how many calls have taken so many milliseconds, by the lower bound of Envoy's buckets

UNAUTHORIZED = "401"  # how often a back end has answered so; for the agent alone, which counts such answers among the others, too
ALERTS = "alerts"  # how often a back end has broken a connection off with a TLS alert, or TLS failed otherwise

_OF_ROUTES = r"vhost\..*\.route\.api-\d+\.upstream_rq_([1-5]xx|401)"
_OF_KEYS = r"vhost\..*\.vcluster\.key-\d+-\d+-[a-z]+\.upstream_rq_[1-5]xx"
_OF_CLUSTERS = r"cluster\.api-\d+\.ssl\.connection_error"
_TIMES = re.compile(r"vhost\..*\.route\.(api-\d+)\.upstream_rq_time\Z")
# Of Envoy's admin page. At 5,000 APIs the first takes some milliseconds of Envoy's main thread, any question to /stats a tenth of a second.
COUNTERS = "/stats/prometheus?usedonly&filter=" + quote(rf"^({counting.COUNTERS}\.|{_OF_ROUTES}$|{_OF_KEYS}$|{_OF_CLUSTERS}$)")
LATENCIES = "/stats?type=Histograms&usedonly&format=json&histogram_buckets=detailed&filter=" + quote(_TIMES.pattern.replace(r"\Z", "$"))
_LINE = re.compile(r"envoy_(?P<name>\w+)\{(?P<labels>.*)\} (?P<value>\d+)\Z")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")

Counters = Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """Calls that no back end has answered, or that one has answered by refusing the certificate.

    :ivar route: the API's path; empty: no API's
    :ivar presented: the thumbprint of the certificate that its cluster presents
    :ivar kind: what failed (:class:`apis.policy.failure.Failure`); empty: the gateway refused the call, or its caller was gone
    :ivar status: what was answered, 502 or 504 where the call failed; 0: nothing, the caller was gone
    :ivar flags: Envoy's response flags
    """

    route: str
    presented: str
    kind: str
    status: int
    flags: str

    def __str__(self) -> str:
        """Return the counter's name; the route, which may hold anything, is last."""
        return "|".join(("unanswered", self.presented, self.kind, str(self.status), self.flags, self.route))

    @classmethod
    def of(cls, name: str) -> Unanswered | None:
        """Return what a counter's *name* says, ``None`` if it counts something else."""
        if not name.startswith("unanswered|"):
            return None
        presented, kind, status, flags, route = name.split("|", 5)[1:]
        return cls(route=route, presented=presented, kind=kind, status=int(status), flags=flags)


class KeyCounter(NamedTuple):
    """Of which key's calls something is counted.

    :ivar counted: the name of the counter, as it would be for all of the API's calls
    """

    subscription: int
    kind: str
    counted: str

    def __str__(self) -> str:
        """Return the counter's name; control planes that know none of this leave it out."""
        return f"key|{self.subscription}|{self.kind}|{self.counted}"

    @classmethod
    def of(cls, name: str) -> KeyCounter | None:
        """Return what a counter's *name* says, ``None`` if it is no key's."""
        if not name.startswith("key|"):
            return None
        subscription, kind, counted = name.split("|", 3)[1:]
        return cls(int(subscription), kind, counted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the counters of one Envoy said at one moment.

    :ivar envoy: which Envoy: one that is started anew begins at 0
    :ivar number: later readings of the same Envoy have higher ones
    :ivar series: the counters, by series; those that have not changed since the reading before may be left out
    :ivar presented: by series, the thumbprint of the certificate under which it was counted since the reading before
    """

    envoy: str
    number: int
    series: Mapping[str, Counters] = field(default_factory=dict)
    presented: Mapping[str, str] = field(default_factory=dict)

    def followed_by(self, later: Reading) -> Reading:
        """Return both as one; of another Envoy, the *later* alone cannot stand for both, so the two must not be given together."""
        return Reading(
            envoy=later.envoy,
            number=later.number,
            series={**self.series, **later.series},
            presented={**self.presented, **later.presented},
        )

    def encoded(self, *, age: float) -> bytes:
        """Return it as it travels, *age* seconds after it was taken."""
        said = {"envoy": self.envoy, "number": self.number, "series": self.series, "presented": self.presented, "age": age}
        return json.dumps(said, separators=(",", ":")).encode()

    @classmethod
    def decoded(cls, said: bytes) -> tuple[Reading, float]:
        """Return what has travelled, and how many seconds ago it was taken.

        :raises ValueError: if it is no reading
        """
        fields: Any = json.loads(said)
        try:
            series = {str(name): {str(one): int(value) for one, value in counters.items()} for name, counters in fields["series"].items()}
            presented = {str(name): str(thumbprint) for name, thumbprint in fields["presented"].items()}
            reading = cls(envoy=str(fields["envoy"]), number=int(fields["number"]), series=series, presented=presented)
            return reading, max(0.0, float(fields["age"]))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("This is no reading.") from error


class _Labels(dict[str, str]):
    """What Prometheus' text format tells a counter apart by."""

    def __missing__(self, name: str) -> str:
        raise ValueError(f"A counter lacks its {name}.")


def counters_of(answer: str) -> dict[str, dict[str, int]]:
    """Return the counters that Envoy's admin page has answered for :data:`COUNTERS`, by series.

    :raises ValueError: if it is no such answer
    """
    series: dict[str, dict[str, int]] = {}
    for line in answer.split("\n"):  # labels may hold what else divides lines
        if line and not line.startswith("#"):
            if not (found := _LINE.match(line)):
                raise ValueError("These are no counters.")
            labels = _Labels((name, _ESCAPED.sub(_meant, value)) for name, value in _LABEL.findall(found["labels"]))
            for name, counter in _named(found["name"], labels):
                _add(series.setdefault(name, {}), counter, int(found["value"]))
    return series


def latencies_of(answer: str) -> dict[str, dict[str, int]]:
    """Return how long calls have taken, as Envoy's admin page has answered for :data:`LATENCIES`, by series.

    :raises ValueError: if it is no such answer
    """
    series: dict[str, dict[str, int]] = {}
    try:
        details = [one for stats in json.loads(answer)["stats"] for one in stats["histograms"].get("details", ())]
        for one in details:
            if found := _TIMES.match(one["name"]):
                for bucket in one["totals"]:
                    _add(series.setdefault(found[1], {}), f"{TIME}{bucket['lower_bound']:g}", bucket["count"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("These are no latencies.") from error
    return series


def _add(counters: dict[str, int], name: str, value: int) -> None:
    """Add, because an API that has moved to another path has had counters there."""
    counters[name] = counters.get(name, 0) + value


def _named(name: str, labels: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the series of one of Envoy's counters and what it is called in it: for the API's calls, and for a key's where it is known."""
    match name:
        case "vhost_route_upstream_rq_xx":
            yield labels["envoy_route"], f"{labels['envoy_response_code_class']}xx"
        case "vhost_route_upstream_rq" if labels["envoy_response_code"] == UNAUTHORIZED:
            yield labels["envoy_route"], UNAUTHORIZED
        case "vhost_vcluster_upstream_rq_xx":
            if owner := Owner.of(labels["envoy_virtual_cluster"]):
                counted = f"{labels['envoy_response_code_class']}xx"
                yield cluster_name(owner.api), str(KeyCounter(owner.subscription, owner.kind, counted))
        case "cluster_ssl_connection_error":
            yield labels["envoy_cluster_name"], ALERTS
        case _ if name == f"{counting.COUNTERS}_{counting.UNANSWERED}":
            yield from _unanswered(labels)
        case _:  # of another release's names; the rest counts all the same
            log.debug("The counter %s is not understood.", name)


def _unanswered(labels: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    unanswered = Unanswered(
        route=labels[counting.API],
        presented=labels[counting.PRESENTED],
        kind=labels[counting.KIND],
        status=int(labels[counting.STATUS]),
        flags=labels[counting.FLAGS],
    )
    yield _series(labels[counting.CLUSTER]), str(unanswered)
    if owner := Owner.of(labels[counting.KEY]):
        yield cluster_name(owner.api), str(KeyCounter(owner.subscription, owner.kind, str(unanswered)))


def _meant(escaped: re.Match[str]) -> str:
    """Return the character that Envoy has escaped in a label, as Prometheus' text format says."""
    return "\n" if escaped[1] == "n" else escaped[1]


def _series(cluster: str) -> str:
    return cluster if api_of_cluster(cluster) is not None else NOWHERE
