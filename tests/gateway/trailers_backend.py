"""A back end that speaks HTTP/2 without TLS and answers with the names of the headers that have come behind the body."""

from __future__ import annotations

import json
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gateway.agent.envoy import binary
from kit.ports import free_ports
from tests.gateway.backends import wait_for

_SCRIPT = """
function envoy_on_request(handle)
  local names = {}
  handle:body()  -- holds the call back until all of it is there
  local trailers = handle:trailers()
  if trailers then
    for name in pairs(trailers) do names[#names + 1] = name end
  end
  table.sort(names)
  handle:respond({[":status"] = "200"}, table.concat(names, " "))
end
"""


@dataclass
class TrailersBackend:
    """The running server, an Envoy; a context manager."""

    port: int = field(default_factory=lambda: free_ports(1)[0])

    def __enter__(self) -> Self:
        """Start it."""
        self._home = tempfile.TemporaryDirectory(prefix="backend-")
        configuration = Path(self._home.name) / "envoy.json"
        configuration.write_text(json.dumps(_configuration(self.port)), encoding="utf-8")
        quiet = ("--concurrency", "1", "--log-level", "error", "--disable-hot-restart")
        self._process = subprocess.Popen([binary(), "--config-path", str(configuration), *quiet])
        wait_for(self.port)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()
        self._home.cleanup()


def _configuration(port: int) -> dict[str, Any]:
    filters = "type.googleapis.com/envoy.extensions.filters"
    lua = {"@type": f"{filters}.http.lua.v3.Lua", "default_source_code": {"inline_string": _SCRIPT}}
    manager = {
        "@type": f"{filters}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "backend",
        "http_filters": [
            {"name": "lua", "typed_config": lua},
            {"name": "router", "typed_config": {"@type": f"{filters}.http.router.v3.Router"}},
        ],
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [_nowhere()]}]},
    }
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    chain = {"filters": [{"name": "http", "typed_config": manager}]}
    return {"static_resources": {"listeners": [{"name": "backend", "address": address, "filter_chains": [chain]}]}}


def _nowhere() -> dict[str, Any]:
    return {"match": {"prefix": "/"}, "direct_response": {"status": 404}}
