"""What Envoy says of the addresses of clusters: whether it gives them calls, and how many it has given. [pure]"""

from __future__ import annotations

import http.client
import json
import logging
from collections.abc import Collection, Iterator
from typing import Any

from apis.handshake.seen import HostState
from gateway.agent.admin_page import connection_to, get
from gateway.agent.chosen import Chosen

log = logging.getLogger(__name__)

_PAGE = "/clusters?format=json"
_COUNTED = {"rq_total": "calls", "rq_error": "failed"}


def hosts_now(chosen: Chosen, clusters: Collection[str]) -> tuple[HostState, ...]:
    """Return what our Envoy says of each address of *clusters* now; nothing if it does not answer."""
    if not clusters:
        return ()
    try:
        connection = connection_to(chosen)
        try:
            return tuple(hosts_of(get(connection, _PAGE), clusters))
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        log.warning("Envoy's clusters could not be read: %s", error)
        return ()


def hosts_of(page: str, clusters: Collection[str]) -> Iterator[HostState]:
    """Yield what a page of Envoy's says of the addresses of *clusters*.

    :raises ValueError: if it is none of Envoy's
    """
    wanted = set(clusters)
    for cluster in json.loads(page).get("cluster_statuses", []):
        if cluster.get("name") in wanted:
            yield from (_host(host) for host in cluster.get("host_statuses", []))


def _host(host: dict[str, Any]) -> HostState:
    socket = host.get("address", {}).get("socket_address", {})
    health = host.get("health_status", {})
    counted = {_COUNTED[one["name"]]: int(one.get("value", 0)) for one in host.get("stats", []) if one.get("name") in _COUNTED}
    return HostState(
        name=host.get("hostname", ""),
        address=socket.get("address", ""),
        port=socket.get("port_value", 0),
        unwell=bool(health.get("failed_active_health_check")),
        ejected=bool(health.get("failed_outlier_check")),
        **counted,
    )
