"""The text format of Prometheus, and who may read it. [pure]"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from portal import __version__
from portal.readiness import Report

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"  # Prometheus, "Exposition formats"


class _Given(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterator[Metric]:
        """Yield them."""
        yield from self._families


def text_of(families: Iterable[Metric]) -> bytes:
    """Return *families*, and what this process uses of the machine, as Prometheus reads them."""
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    registry.register(_Given(families))
    return generate_latest(registry)


def gauge(name: str, said: str, *labels: str) -> GaugeMetricFamily:
    """Return a family of values that go up and down, which *said* explains."""
    return GaugeMetricFamily(name, said, labels=labels)


def of_process(process: str, report: Report) -> list[Metric]:
    """Return which version a *process* is of, and how each of its parts is."""
    info = gauge("portal_info", "The version of a process; always 1.", "process", "version")
    info.add_metric((process, __version__), 1)
    parts = gauge("portal_part_ready", "Whether a part of a process is well, as /readyz tells it.", "process", "part")
    for part, reason in report.reasons.items():
        parts.add_metric((process, part), float(not reason))
    return [info, parts]


def may_read(peer: str, authorization: str, token: str, *, direct: bool = True) -> bool:
    """Return whether whoever asks may read figures: who sends the *token*; without one, this machine alone.

    :param peer: the address of who asks; empty: a unix socket
    :param authorization: the header; ``Bearer`` and the token
    :param direct: whether *peer* is who asks, and not a proxy for anybody
    """
    if token:
        scheme, _blank, sent = authorization.partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(sent.strip().encode(), token.encode())
    return direct and (not peer or _is_loopback(peer))


def _is_loopback(peer: str) -> bool:
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback
