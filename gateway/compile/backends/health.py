"""Which addresses of a back end get calls: those that answer when they are asked, and have not failed too often of late. [pure]"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoy.config.cluster.v3.outlier_detection_pb2 import OutlierDetection
from envoy.config.core.v3.health_check_pb2 import HealthCheck as EnvoyHealthCheck
from envoy.type.v3.http_pb2 import HTTP2
from envoy.type.v3.range_pb2 import Int64Range
from google.protobuf.duration_pb2 import Duration
from google.protobuf.wrappers_pb2 import UInt32Value

from apis.policy.model import Protocol
from gateway.compile.calls.forwarding import host_of, names_hosts

if TYPE_CHECKING:
    from envoy.config.cluster.v3.cluster_pb2 import Cluster

    from apis.policy.model import Backend, Ejection, HealthCheck

_UNHEALTHY_AFTER, _HEALTHY_AFTER = 2, 1  # answers in a row
_ANSWER_SECONDS = 5
_ALL = UInt32Value(value=100)


def watch_health(cluster: Cluster, backend: Backend) -> None:
    """Have *cluster* ask its addresses how they are, and leave out those that fail, as far as the back end's entry says so."""
    if not leaves_out(backend):
        return
    assert backend.sharing  # noqa: S101 - just asked
    health, ejection = backend.sharing.health, backend.sharing.ejection
    if health:
        cluster.health_checks.append(_check(backend, health))
    if ejection:
        cluster.outlier_detection.CopyFrom(_detection(ejection))
    # Closed where none is left: Envoy would otherwise call those that it knows to be ill.
    cluster.common_lb_config.healthy_panic_threshold.value = 0


def leaves_out(backend: Backend) -> bool:
    """Return whether addresses that are ill get no calls."""
    return backend.sharing is not None and (backend.sharing.health is not None or backend.sharing.ejection is not None)


def _check(backend: Backend, health: HealthCheck) -> EnvoyHealthCheck:
    every = Duration(seconds=health.seconds)
    asked = EnvoyHealthCheck.HttpHealthCheck(
        host="" if names_hosts(backend) else host_of(backend),  # empty: the endpoint's own name
        path=health.path,
        expected_statuses=[Int64Range(start=200, end=400)],
    )
    if backend.http is Protocol.HTTP2:
        asked.codec_client_type = HTTP2
    return EnvoyHealthCheck(
        timeout=Duration(seconds=min(_ANSWER_SECONDS, health.seconds)),
        interval=every,
        no_traffic_interval=every,
        unhealthy_threshold=UInt32Value(value=_UNHEALTHY_AFTER),
        healthy_threshold=UInt32Value(value=_HEALTHY_AFTER),
        http_health_check=asked,
    )


def _detection(ejection: Ejection) -> OutlierDetection:
    """Return when an address is left out; no longer than is said, however often it happens."""
    away = Duration(seconds=ejection.seconds)
    return OutlierDetection(
        consecutive_5xx=UInt32Value(value=ejection.failures),
        enforcing_consecutive_5xx=_ALL,
        enforcing_success_rate=UInt32Value(value=0),
        enforcing_consecutive_gateway_failure=UInt32Value(value=0),
        interval=Duration(seconds=1),
        base_ejection_time=away,
        max_ejection_time=away,
        max_ejection_percent=_ALL,
    )
