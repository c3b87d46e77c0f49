"""Real servers that tell which resource they would serve for a path: Tomcat, nginx, Apache and a WSGI server, none of them made strict."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kit.ports import free_ports
from tests import debian
from tests.gateway.gateways import Answer
from tests.processes import PROJECT

_WITHIN_SECONDS = 90
_APACHE_MODULES = Path("/usr/lib/apache2/modules")
_TOMCAT = Path("/usr/share/tomcat10")


@dataclass(frozen=True, kw_only=True)
class PathServer:
    """A running server.

    :ivar resource: the decoded path that the server would serve, from its answer; ``None`` if it refused the path
    """

    name: str
    port: int
    process: subprocess.Popen[bytes]
    resource: Callable[[Answer], str | None]

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait()


def start_all(folder: Path) -> list[PathServer]:
    """Start one of each kind below *folder* and wait until they answer."""
    servers = []
    for start in (_nginx, _apache, _wsgi, _tomcat):
        own = folder / start.__name__
        own.mkdir()
        servers.append(start(own, free_ports(1)[0]))
    for server in servers:
        _wait_for(server)
    return servers


def _nginx(folder: Path, port: int) -> PathServer:
    program = debian.program("nginx")
    places = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    server = f"server {{ listen 127.0.0.1:{port}; location / {{ return 200 $uri; }} }}"
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log /dev/null; events {{}}\n"
        f"http {{ access_log off; keepalive_requests 1000000; {places} {server} }}\n"
    )
    process = _run([program, "-c", str(folder / "nginx.conf")], folder)
    return PathServer(name="nginx", port=port, process=process, resource=_body)


def _apache(folder: Path, port: int) -> PathServer:
    program = debian.program("apache2")
    modules = "".join(f"LoadModule {one}_module {_APACHE_MODULES}/mod_{one}.so\n" for one in ("mpm_event", "authz_core", "headers"))
    (folder / "httpd.conf").write_text(
        f"ServerRoot {folder}\nPidFile {folder}/pid\nServerName localhost\nErrorLog /dev/null\nListen 127.0.0.1:{port}\n{modules}"
        f"User www-data\nGroup www-data\nDocumentRoot {folder}\nAllowEncodedSlashes On\nMaxKeepAliveRequests 0\n"
        'Header always set X-Resource "expr=%{escape:%{REQUEST_URI}}"\n'
    )
    process = _run([program, "-D", "FOREGROUND", "-f", str(folder / "httpd.conf")], folder)
    return PathServer(name="apache", port=port, process=process, resource=_apache_resource)


def _apache_resource(answer: Answer) -> str | None:
    found = answer.headers.get("x-resource")
    return urllib.parse.unquote(found, "latin-1") if found and answer.status in {200, 403, 404} else None


def _wsgi(folder: Path, port: int) -> PathServer:
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(port), "--no-ws", "tests.gateway.path_servers:echo"]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return PathServer(name="wsgi", port=port, process=process, resource=_body)


def echo(environ: dict[str, object], start_response: Callable[[str, list[tuple[str, str]]], object]) -> list[bytes]:
    """Answer with the path as WSGI gives it; the application that granian runs."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(environ["PATH_INFO"]).encode("latin-1", "replace")]


def _tomcat(folder: Path, port: int) -> PathServer:
    catalina = debian.program("catalina.sh")
    debian.program("java")
    for name in ("conf", "webapps/ROOT/WEB-INF/classes", "logs", "temp", "work"):
        (folder / name).mkdir(parents=True)
    shutil.copy(Path(__file__).parent / "cases" / "Echo.class", folder / "webapps/ROOT/WEB-INF/classes")
    (folder / "webapps/ROOT/WEB-INF/web.xml").write_text(
        '<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0">'
        "<servlet><servlet-name>echo</servlet-name><servlet-class>Echo</servlet-class></servlet>"
        "<servlet-mapping><servlet-name>echo</servlet-name><url-pattern>/*</url-pattern></servlet-mapping></web-app>"
    )
    lenient = 'encodedSolidusHandling="decode" encodedReverseSolidusHandling="decode" allowBackslash="true"'
    lenient += ' relaxedPathChars="&quot;&lt;&gt;[\\]^`{|}"'
    (folder / "conf" / "server.xml").write_text(
        f'<Server port="-1"><Service name="Catalina"><Connector port="{port}" address="127.0.0.1" maxKeepAliveRequests="-1" {lenient}/>'
        '<Engine name="Catalina" defaultHost="localhost"><Host name="localhost" appBase="webapps"/></Engine></Service></Server>'
    )
    environment = {"CATALINA_HOME": str(_TOMCAT), "CATALINA_BASE": str(folder), "PATH": "/usr/bin:/bin", "JAVA_OPTS": "-Xmx128m"}
    process = _run([catalina, "run"], folder, environment)
    return PathServer(name="tomcat", port=port, process=process, resource=_body)


def _body(answer: Answer) -> str | None:
    return answer.body.decode("latin-1") if answer.status == 200 else None


def _run(command: list[str], folder: Path, environment: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _wait_for(server: PathServer) -> None:
    until = time.monotonic() + _WITHIN_SECONDS
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", server.port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"{server.name} did not start.")
