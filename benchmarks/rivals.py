"""What the gateway is measured against: nginx, HAProxy and a hand-written Envoy, each set up as its own manual would have it.

All do the same job for one API: take a call on loopback, check the subscription key (nginx does not), and pass it on over a kept
connection with a client certificate, having checked the back end's chain and name. ``switch`` changes that certificate the way
each of them offers for doing so while it runs.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from benchmarks import servers
from benchmarks.backends import HOST_NAME, Backend
from benchmarks.handwritten import address, typed
from kit.issuing import Issued
from kit.ports import free_port

API_PATH = "orders"


@dataclass(slots=True, kw_only=True)
class Rival(ABC):
    """A proxy on this machine.

    :ivar folder: an existing, empty folder for its files
    :ivar keys: the subscription keys it lets pass
    :ivar core: the one processor core that it may use; ``None``: all
    """

    folder: Path
    backend: Backend
    identity: Issued
    keys: Sequence[str]
    core: int | None = None
    port: int = field(default_factory=free_port)
    server: servers.Server = field(init=False)

    title: ClassVar[str]
    program: ClassVar[str]
    switching: ClassVar[str]  # how it changes a certificate, in a few words

    @classmethod
    def installed(cls) -> bool:
        """Return whether its program is on this machine."""
        return servers.program(cls.program) is not None

    def start(self) -> None:
        """Write its files and start it."""
        (self.folder / "authority.pem").write_text(self.backend.authority.pem)
        self._write_identity()
        self._configure()
        self.server = servers.start(self._command(), log=self.folder / "log", ports=[self.port], core=self.core)

    def stop(self) -> None:
        """End it."""
        self.server.stop()

    def restart(self) -> None:
        """End it and start it again."""
        self.stop()
        self.start()

    def switch(self, identity: Issued) -> float:
        """Have it present another certificate from now on; return when it was told (CLOCK_MONOTONIC)."""
        told = time.monotonic()
        self.identity = identity
        self._write_identity()
        self._reload()
        return told

    @abstractmethod
    def _configure(self) -> None:
        """Write its configuration."""

    @abstractmethod
    def _command(self) -> Sequence[str | Path]:
        """Return what starts it."""

    @abstractmethod
    def _reload(self) -> None:
        """Tell it that the files have changed."""

    def _write_identity(self) -> None:
        """Put certificate and key where it reads them; the file is replaced as a whole."""
        _replace(self.folder / "identity.pem", self.identity.pem + self.identity.key_pem)


class Nginx(Rival):
    """nginx, which has no key check of its own; HTTP/1.1 to the back end, the only version it speaks there."""

    title = "nginx, without keys"
    program = "nginx"
    switching = "reload (HUP)"

    def _configure(self) -> None:
        (self.folder / "nginx.conf").write_text(f"""
worker_processes 1;
daemon off;
pid {self.folder}/nginx.pid;
error_log stderr error;
worker_rlimit_nofile 65536;
events {{ worker_connections 16384; }}
http {{
  access_log off;
  client_body_temp_path {self.folder}/body; proxy_temp_path {self.folder}/proxy; fastcgi_temp_path {self.folder}/fastcgi;
  uwsgi_temp_path {self.folder}/uwsgi; scgi_temp_path {self.folder}/scgi;
  keepalive_requests 1000000000;
  upstream backend {{ server {servers.HOST}:{self.backend.port}; keepalive 128; keepalive_requests 1000000000; }}
  server {{
    listen {servers.HOST}:{self.port} backlog=4096;
    location /{API_PATH}/ {{
      proxy_pass https://backend/;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host {servers.HOST}:{self.backend.port};
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_ssl_protocols TLSv1.2 TLSv1.3;
      proxy_ssl_certificate {self.folder}/identity.pem;
      proxy_ssl_certificate_key {self.folder}/identity.pem;
      proxy_ssl_trusted_certificate {self.folder}/authority.pem;
      proxy_ssl_verify on;
      proxy_ssl_name {HOST_NAME};
      proxy_ssl_server_name on;
    }}
  }}
}}
""")

    def _command(self) -> Sequence[str | Path]:
        return [servers.program(self.program) or "", "-e", "stderr", "-c", self.folder / "nginx.conf"]

    def _reload(self) -> None:
        # taskset becomes nginx's master, so the process that was started is the master.
        os.kill(self.server.pid, signal.SIGHUP)


class HAProxy(Rival):
    """HAProxy with the keys in a file that it holds as a tree; HTTP/2 to back ends that offer it."""

    title = "HAProxy, with keys"
    program = "haproxy"
    switching = "commit ssl cert"

    @property
    def _admin(self) -> Path:
        return self.folder / "admin.sock"

    def _configure(self) -> None:
        (self.folder / "keys").write_text("".join(f"{key}\n" for key in self.keys))
        (self.folder / "haproxy.cfg").write_text(f"""
global
  stats socket {self._admin} mode 600 level admin
  nbthread 1
  maxconn 4096
  ssl-server-verify required
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend callers
  bind {servers.HOST}:{self.port} backlog 4096
  http-request deny deny_status 404 unless {{ path_beg /{API_PATH}/ }}
  http-request deny deny_status 401 unless {{ req.hdr(Ocp-Apim-Subscription-Key) -f {self.folder}/keys }}
  http-request del-header Ocp-Apim-Subscription-Key
  http-request replace-path /{API_PATH}/(.*) /\\1
  option forwardfor
  default_backend backend
backend backend
  http-reuse always
  server one {servers.HOST}:{self.backend.port} ssl crt {self.folder}/identity.pem ca-file {self.folder}/authority.pem verify required \
verifyhost {HOST_NAME} sni str({HOST_NAME}) alpn h2,http/1.1
""")

    def _command(self) -> Sequence[str | Path]:
        return [servers.program(self.program) or "", "-db", "-f", self.folder / "haproxy.cfg"]

    def _reload(self) -> None:
        file = self.folder / "identity.pem"
        self._tell(f"set ssl cert {file} <<\n{(self.identity.pem + self.identity.key_pem).strip()}\n\n")
        answer = self._tell(f"commit ssl cert {file}\n")
        assert "Success" in answer, answer

    def _tell(self, command: str) -> str:
        with socket.socket(socket.AF_UNIX) as admin:
            admin.connect(str(self._admin))
            admin.sendall(command.encode())
            admin.shutdown(socket.SHUT_WR)
            answer = b""
            while more := admin.recv(65536):
                answer += more
        return answer.decode()


class HandWrittenEnvoy(Rival):
    """The same Envoy as the gateway's, configured by a file as its documentation shows; the certificate by SDS from a file."""

    title = "Envoy by hand, lean, with keys"
    program = "envoy"
    switching = "SDS secret swap"

    def _configure(self) -> None:
        (self.folder / "envoy.json").write_text(json.dumps(self._configuration()))

    def _command(self) -> Sequence[str | Path]:
        envoy = servers.program(self.program) or ""
        workers = "1" if self.core is not None else "2"
        return [envoy, "-c", self.folder / "envoy.json", "--concurrency", workers, "--log-level", "error", "--disable-hot-restart"]

    def _reload(self) -> None:
        """Envoy watches the folder: writing the file was telling it."""

    def _write_identity(self) -> None:
        secret = {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret",
            "name": "identity",
            "tls_certificate": {
                "certificate_chain": {"inline_string": self.identity.pem},
                "private_key": {"inline_string": self.identity.key_pem},
            },
        }
        (self.folder / "secrets").mkdir(exist_ok=True)
        _replace(self.folder / "secrets" / "identity.json", json.dumps({"resources": [secret]}))

    def _configuration(self) -> dict[str, object]:
        return {
            "admin": {"address": {"pipe": {"path": str(self.folder / "admin.sock")}}},
            "node": {"id": "by-hand", "cluster": "by-hand"},
            "static_resources": {"listeners": [self._listener()], "clusters": [self._cluster()]},
        }

    def _listener(self) -> dict[str, object]:
        router = typed("http.router", "envoy.extensions.filters.http.router.v3.Router")
        manager = typed(
            "network.http_connection_manager",
            "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            stat_prefix="callers",
            http_filters=[*self._filters(), router],
            route_config={"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [self._route()]}]},
            **self._connection_manager(),
        )
        return {"name": "callers", "address": address(self.port), "filter_chains": [{"filters": [manager]}]}

    def _filters(self) -> list[dict[str, object]]:
        """Return what a call passes before it is forwarded."""
        key_check = typed(
            "http.api_key_auth",
            "envoy.extensions.filters.http.api_key_auth.v3.ApiKeyAuth",
            credentials=[{"key": key, "client": "orders"} for key in self.keys],
            key_sources=self._key_sources(),
            forwarding={"header": "x-client-id", "hide_credentials": True},
        )
        return [key_check]

    def _route(self) -> dict[str, object]:
        backend = f"{servers.HOST}:{self.backend.port}"
        action = {"cluster": "backend", "prefix_rewrite": "/", "host_rewrite_literal": backend, **self._forwarding()}
        return {"match": {"prefix": f"/{API_PATH}/"}, "route": action}

    def _forwarding(self) -> dict[str, object]:
        """Return what else the route is told about passing calls on."""
        return {}

    def _key_sources(self) -> list[dict[str, str]]:
        """Return where callers may put the key."""
        return [{"header": "Ocp-Apim-Subscription-Key"}]

    def _connection_manager(self) -> dict[str, object]:
        """Return what else the connection manager is told."""
        return {"use_remote_address": True, "normalize_path": True, "merge_slashes": True}

    def _cluster(self) -> dict[str, object]:
        protocol = typed(
            "",
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
            auto_config={"http_protocol_options": {}, "http2_protocol_options": {}},
        )["typed_config"]
        watched = {"path_config_source": {"path": str(self.folder / "secrets" / "identity.json")}, "resource_api_version": "V3"}
        tls = typed(
            "transport_sockets.tls",
            "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
            sni=HOST_NAME,
            common_tls_context={
                "tls_params": {"tls_maximum_protocol_version": "TLSv1_3"},
                "tls_certificate_sds_secret_configs": [{"name": "identity", "sds_config": watched}],
                "validation_context": {
                    "trusted_ca": {"filename": str(self.folder / "authority.pem")},
                    "match_typed_subject_alt_names": [{"san_type": "DNS", "matcher": {"exact": HOST_NAME}}],
                },
            },
        )
        endpoint = {"endpoint": {"address": address(self.backend.port)}}
        return {
            "name": "backend",
            "type": "STATIC",
            "load_assignment": {"cluster_name": "backend", "endpoints": [{"lb_endpoints": [endpoint]}]},
            "transport_socket": tls,
            "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": protocol},
        }


class BareEnvoy(HandWrittenEnvoy):
    """The same without any check: neither a key nor the path nor who calls. What is left is what Envoy costs by itself."""

    title = "Envoy by hand, bare, without keys"

    def _filters(self) -> list[dict[str, object]]:
        return []

    def _connection_manager(self) -> dict[str, object]:
        return {"generate_request_id": False}


class EquippedEnvoy(HandWrittenEnvoy):
    """The same with what ours does for each call besides.

    Envoy's guide for edge proxies, keys per API and also in the query, safe retries, a log of failures, paths that keep their bytes and
    hide no dot segments, own headers kept from callers, redirects that lead back.
    """

    title = "Envoy by hand, doing the same"

    def _filters(self) -> list[dict[str, object]]:
        hidden = r"(?i).*(/|\\|%2f|%5c)(\.|%2e){1,2}((/|\\|;|%2f|%5c|%3b).*)?"
        denied = {"permissions": [{"url_path": {"path": {"safe_regex": {"regex": hidden}}}}], "principals": [{"any": True}]}
        rules = {"action": "DENY", "policies": {"hidden-dots": denied}}
        redirects = """
function envoy_on_response(handle)
  local location = handle:headers():get("location")
  if location then handle:headers():replace("location", (location:gsub("^https://localhost/base", "/orders"))) end
end
"""
        return [
            typed("http.rbac", "envoy.extensions.filters.http.rbac.v3.RBAC", rules=rules),
            typed("http.lua", "envoy.extensions.filters.http.lua.v3.Lua", default_source_code={"inline_string": redirects}),
            *super()._filters(),
        ]

    def _route(self) -> dict[str, object]:
        allowed = {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.api_key_auth.v3.ApiKeyAuthPerRoute",
            "allowed_clients": ["all", "orders"],
            "forwarding": {"header": "x-client-id", "hide_credentials": True},
        }
        return {**super()._route(), "typed_per_filter_config": {"envoy.filters.http.api_key_auth": allowed}}

    def _forwarding(self) -> dict[str, object]:
        retries = {"retry_on": "connect-failure,refused-stream,reset-before-request", "num_retries": 1}
        return {"timeout": "0s", "retry_policy": retries}

    def _key_sources(self) -> list[dict[str, str]]:
        return [*super()._key_sources(), {"query": "subscription-key"}]

    def _connection_manager(self) -> dict[str, object]:
        sanitised = typed(
            "http.early_header_mutation.header_mutation",
            "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
            mutations=[
                {
                    "remove_on_match": {
                        "key_matcher": {"safe_regex": {"regex": "x[-_]envoy[-_].*|x_forwarded.*|forwarded|x-forwarded[-_]host"}}
                    }
                },
                {"append": {"header": {"key": "x-forwarded-host", "value": "%REQ(:AUTHORITY)%"}}},
            ],
        )
        log = typed("access_loggers.file", "envoy.extensions.access_loggers.file.v3.FileAccessLog", path=str(self.folder / "failed-calls"))
        return {
            **super()._connection_manager(),
            "early_header_mutation_extensions": [{**sanitised, "name": "envoy.http.early_header_mutation.header_mutation"}],
            "access_log": [{**log, "filter": {"response_flag_filter": {"flags": ["UF", "UC", "UR", "UH", "NC", "UT"]}}}],
            "common_http_protocol_options": {"idle_timeout": "3600s"},
            "http_protocol_options": {"accept_http_10": True, "default_host_for_http_10": "gateway"},
            "normalize_path": False,
            "merge_slashes": False,
            "request_headers_timeout": "10s",
            "stream_idle_timeout": "60s",
            "upgrade_configs": [{"upgrade_type": "websocket"}],
        }


RIVALS: tuple[type[Rival], ...] = (Nginx, HAProxy, HandWrittenEnvoy)
# Where it is calls that are compared, not switches:
CALL_RIVALS: tuple[type[Rival], ...] = (Nginx, HAProxy, BareEnvoy, HandWrittenEnvoy, EquippedEnvoy)


def _replace(path: Path, content: str) -> None:
    beside = path.with_suffix(".new")
    beside.write_text(content)
    beside.rename(path)
