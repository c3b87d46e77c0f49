"""The back end of every benchmark: a real server that demands client certificates and says, with each answer, whose it saw.

nginx where it is installed, because it costs a call the least; else the Envoy that pip has brought.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import servers
from benchmarks.handwritten import address, typed
from kit.issuing import Issued, issue
from kit.ports import free_port

SEEN_HEADER = "x-client"  # of the answer: the SHA-1 thumbprint of the client certificate, hex digits in lower case
HOST_NAME = "localhost"  # its own certificate was issued for this name and for the address; nginx and HAProxy check names only

_NGINX = """
worker_processes {workers};
daemon off;
master_process on;
pid {folder}/backend.pid;
error_log stderr error;
worker_rlimit_nofile 65536;
events {{ worker_connections 16384; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  server {{
    listen 127.0.0.1:{port} ssl {http2} backlog=4096;
    ssl_certificate {folder}/backend.pem;
    ssl_certificate_key {folder}/backend.pem;
    ssl_client_certificate {folder}/authority.pem;
    ssl_verify_client on;
    ssl_session_cache shared:sessions:20m;
    location / {{
      add_header x-client $ssl_client_fingerprint;
      default_type text/plain;
      return 200 "ok\\n";
    }}
  }}
  server {{
    listen 127.0.0.1:{open_port} ssl backlog=4096;
    ssl_certificate {folder}/backend.pem;
    ssl_certificate_key {folder}/backend.pem;
    location / {{
      add_header x-client nobody;
      default_type text/plain;
      return 200 "ok\\n";
    }}
  }}
}}
"""


@dataclass(slots=True)
class Backend:
    """A running back end.

    :ivar open_port: where it answers the same over TLS without asking for a client certificate, which wrk cannot present
    :ivar authority: who issues the client certificates that it accepts, and who has issued its own
    """

    port: int
    open_port: int
    authority: Issued
    server: servers.Server

    @property
    def url(self) -> str:
        """What an API's Web service URL says."""
        return f"https://{servers.HOST}:{self.port}"

    def client(self, name: str) -> Issued:
        """Return a new client certificate that it accepts."""
        return issue(name, by=self.authority)

    def stop(self) -> None:
        """End it."""
        self.server.stop()


def start_backend(folder: Path, authority: Issued, *, http2: bool, workers: int = 1, core: int | None = None, program: str = "") -> Backend:
    """Start a back end that speaks HTTP/2 (by ALPN, HTTP/1.1 as well) or HTTP/1.1 only.

    :param folder: an existing folder for its files
    :param program: ``nginx`` or ``envoy``; empty: nginx if it is installed
    """
    own = issue("back end", by=authority, hosts=(HOST_NAME, servers.HOST))
    (folder / "authority.pem").write_text(authority.pem)
    (folder / "backend.pem").write_text(own.pem + own.key_pem)
    port, open_port = free_port(), free_port()
    command = _nginx if (program or programs()[0]) == "nginx" else _envoy
    server = servers.start(
        command(folder, port, open_port, http2=http2, workers=workers), log=folder / "backend.log", ports=[port, open_port], core=core
    )
    return Backend(port, open_port, authority, server)


def programs() -> list[str]:
    """Return what can be a back end on this machine, the cheapest first."""
    return [*(["nginx"] if servers.program("nginx") else []), "envoy"]


def _nginx(folder: Path, port: int, open_port: int, *, http2: bool, workers: int) -> Sequence[str | Path]:
    configuration = folder / "backend.conf"
    configuration.write_text(_NGINX.format(folder=folder, port=port, open_port=open_port, http2="http2" if http2 else "", workers=workers))
    return [servers.program("nginx") or "", "-e", "stderr", "-c", configuration]


def _envoy(folder: Path, port: int, open_port: int, *, http2: bool, workers: int) -> Sequence[str | Path]:
    protocols = ["h2", "http/1.1"] if http2 else ["http/1.1"]
    listeners = [
        _listener(folder, port, protocols, seen="%DOWNSTREAM_PEER_FINGERPRINT_1%", demands=True),
        _listener(folder, open_port, ["http/1.1"], seen="nobody", demands=False),
    ]
    configuration = folder / "backend.json"
    configuration.write_text(json.dumps({"static_resources": {"listeners": listeners}}))
    options = ["--concurrency", str(workers), "--log-level", "error", "--disable-hot-restart"]
    return [servers.program("envoy") or "", "-c", configuration, *options]


def _listener(folder: Path, port: int, protocols: list[str], *, seen: str, demands: bool) -> dict[str, object]:
    """Return a listener that answers every call, and says in :data:`SEEN_HEADER` whose certificate it has *seen*."""
    file = {"filename": str(folder / "backend.pem")}
    common = {"alpn_protocols": protocols, "tls_certificates": [{"certificate_chain": file, "private_key": file}]}
    if demands:
        common["validation_context"] = {"trusted_ca": {"filename": str(folder / "authority.pem")}}
    tls = typed(
        "transport_sockets.tls",
        "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        require_client_certificate=demands,
        common_tls_context=common,
    )
    route = {
        "match": {"prefix": "/"},
        "direct_response": {"status": 200, "body": {"inline_string": "ok\n"}},
        "response_headers_to_add": [{"header": {"key": SEEN_HEADER, "value": seen}}],
    }
    manager = typed(
        "network.http_connection_manager",
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="backend",
        http_filters=[typed("http.router", "envoy.extensions.filters.http.router.v3.Router")],
        route_config={"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
    )
    return {"name": f"port-{port}", "address": address(port), "filter_chains": [{"transport_socket": tls, "filters": [manager]}]}
