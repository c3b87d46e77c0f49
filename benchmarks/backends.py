"""The back end of every benchmark: a real nginx that demands client certificates and says, with each answer, whose it saw."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks import servers
from tests.issuing import Issued, issue

SEEN_HEADER = "x-client"  # of the answer: the SHA-1 thumbprint of the client certificate, hex digits in lower case
HOST_NAME = "localhost"  # its own certificate was issued for this name and for the address; nginx and HAProxy check names only

_CONFIGURATION = """
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


class NotInstalled(Exception):
    """A program that a benchmark needs is not on this machine; the message says which."""


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


def start_backend(folder: Path, authority: Issued, *, http2: bool, workers: int = 1, core: int | None = None) -> Backend:
    """Start a back end that speaks HTTP/2 (by ALPN, HTTP/1.1 as well) or HTTP/1.1 only.

    :param folder: an existing folder for its files
    :raises NotInstalled: if there is no nginx
    """
    if (nginx := servers.program("nginx")) is None:
        raise NotInstalled("The back end is an nginx, which is not installed; on Debian: apt-get install nginx-light")
    own = issue("back end", by=authority, hosts=(HOST_NAME, servers.HOST))
    (folder / "authority.pem").write_text(authority.pem)
    (folder / "backend.pem").write_text(own.pem + own.key_pem)
    port, open_port = servers.free_port(), servers.free_port()
    configuration = folder / "backend.conf"
    configuration.write_text(
        _CONFIGURATION.format(folder=folder, port=port, open_port=open_port, http2="http2" if http2 else "", workers=workers)
    )
    server = servers.start([nginx, "-e", "stderr", "-c", configuration], log=folder / "backend.log", ports=[port], core=core)
    return Backend(port, open_port, authority, server)
