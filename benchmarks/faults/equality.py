"""Whether a gateway is equal to the database: what its Envoy holds, resource by resource, against everything compiled anew."""

from __future__ import annotations

import http.client
import json
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gateway.agent.supervisor import ADMIN_SOCKET

Versions = Mapping[str, Mapping[str, str]]  # by type, the versions of the resources by name
_LOOK_SECONDS = 0.1
_TYPES = ("Cluster", "RouteConfiguration", "ScopedRouteConfiguration", "TypedExtensionConfig")


def differences(home: Path, wanted: Callable[[], Versions], *, seconds: float) -> list[str]:
    """Wait until the gateway of *home* has what is wanted, at most so many *seconds*; return a sentence for each resource that differs."""
    deadline = time.monotonic() + seconds
    while (found := _differences(held(home), wanted())) and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)
    return found


def held(home: Path) -> Versions:
    """Return what the Envoy of *home* says that it holds; scopes have no versions of their own there. Nothing: it does not answer."""
    try:
        dump = _asked(home, "/config_dump")
    except (OSError, http.client.HTTPException, ValueError):
        return {}
    parts = {part["@type"].rpartition(".")[2]: part for part in dump["configs"]}
    return {
        "Cluster": dict(_named(parts["ClustersConfigDump"].get("dynamic_active_clusters", []), "cluster")),
        "RouteConfiguration": dict(_named(parts["RoutesConfigDump"].get("dynamic_route_configs", []), "route_config")),
        "TypedExtensionConfig": dict(_named(parts["EcdsConfigDump"].get("ecds_filters", []), "ecds_filter")),
        "ScopedRouteConfiguration": {
            scope["name"]: ""
            for scopes in parts["ScopedRoutesConfigDump"].get("dynamic_scoped_route_configs", [])
            for scope in scopes["scoped_route_configs"]
        },
    }


def _differences(has: Versions, wanted: Versions) -> list[str]:
    found = []
    for kind in _TYPES:
        these, those = has.get(kind, {}), wanted.get(kind, {})
        found += [f"The gateway lacks {kind} {name}." for name in sorted(those.keys() - these.keys())]
        found += [f"The gateway still has {kind} {name}." for name in sorted(these.keys() - those.keys())]
        changed = [name for name in these if these[name] not in {"", those.get(name, these[name])}]
        found += [f"The gateway has another {kind} {name}." for name in sorted(changed)]
    return found


def _named(parts: list[dict[str, Any]], what: str) -> Iterator[tuple[str, str]]:
    for part in parts:
        yield part[what]["name"], part["version_info"]


def _asked(home: Path, path: str) -> Any:
    connection = http.client.HTTPConnection("localhost", timeout=10)
    connection.sock = socket.socket(socket.AF_UNIX)
    try:
        with _in(home):  # the path of a socket may have 107 bytes only
            connection.sock.connect(ADMIN_SOCKET)
        connection.request("GET", path)
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


@contextmanager
def _in(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
