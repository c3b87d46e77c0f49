"""Pieces of Envoy configurations as people write them by hand."""

from __future__ import annotations

from benchmarks import servers


def typed(name: str, message: str, **fields: object) -> dict[str, object]:
    """Return an extension with its configuration.

    :param name: without the ``envoy.`` or ``envoy.filters.`` it begins with
    :param message: the configuration's protobuf message
    """
    prefix = "envoy.filters." if name.startswith(("http.", "network.")) else "envoy."
    return {"name": prefix + name, "typed_config": {"@type": f"type.googleapis.com/{message}", **fields}}


def address(port: int) -> dict[str, object]:
    """Return a port of this machine's loopback address."""
    return {"socket_address": {"address": servers.HOST, "port_value": port}}
