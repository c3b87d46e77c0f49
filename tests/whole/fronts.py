"""The servers that the README puts in front of portal and gateway, run with exactly its lines but for addresses and certificates."""

from __future__ import annotations

import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from kit.issuing import Issued
from kit.ports import free_ports
from tests import debian

_README = Path(settings.BASE_DIR) / "README.md"
PORTAL_NAME, GATEWAY_NAME = "portal.example.com", "api.example.com"
_WITHIN_SECONDS = 20


@dataclass(frozen=True, kw_only=True)
class Front:
    """One kind of server: its program, how its lines become a file of ours, and how it is started with it."""

    language: str  # of the README's block
    program: str
    rewrite: Callable[[str, Path, int], str]
    command: Callable[[Path], Iterable[str]]


@dataclass(frozen=True, kw_only=True)
class Running:
    """A front that takes calls.

    :ivar port: where it ends TLS
    """

    port: int
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait()


def start(front: Front, folder: Path, certificates: Mapping[str, Issued], *, portal: int, gateway: int) -> Running:
    """Start *front* in *folder* before the ports of portal and gateway and wait until it takes connections."""
    program = debian.program(front.program)
    (port,) = free_ports(1)
    for name, certificate in certificates.items():
        (folder / f"{name}.pem").write_text(certificate.pem, encoding="utf-8")
        (folder / f"{name}.key").write_text(certificate.key_pem, encoding="utf-8")
    lines = lines_of(front.language).replace("127.0.0.1:8000", f"127.0.0.1:{portal}").replace("127.0.0.1:8080", f"127.0.0.1:{gateway}")
    configuration = folder / "front.conf"
    configuration.write_text(front.rewrite(lines, folder, port), encoding="utf-8")
    environment = {"HOME": str(folder), "PATH": "/usr/sbin:/usr/bin"}
    process = subprocess.Popen([program, *front.command(configuration)], cwd=folder, env=environment, stderr=subprocess.DEVNULL)
    running = Running(port=port, process=process)
    until = time.monotonic() + _WITHIN_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return running
    running.stop()
    raise AssertionError(f"{front.program} did not start with the README's lines.")


def lines_of(language: str) -> str:
    """Return the README's block in *language*."""
    (block,) = re.findall(rf"^```{language}\n(.*?)^```$", _README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return str(block)


def _nginx(lines: str, folder: Path, port: int) -> str:
    """Return a main file that holds the README's lines as Debian's own includes ``conf.d``."""
    lines = lines.replace("listen 443 ", f"listen 127.0.0.1:{port} ").replace("/etc/ssl/", f"{folder}/")
    places = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return f"daemon off; pid {folder}/pid; error_log /dev/null; events {{}}\nhttp {{ access_log off; {places}\n{lines}\n}}\n"


def _haproxy(lines: str, folder: Path, port: int) -> str:
    certificates = folder / "certificates"
    certificates.mkdir()
    for name in (PORTAL_NAME, GATEWAY_NAME):
        (certificates / f"{name}.pem").write_text((folder / f"{name}.pem").read_text() + (folder / f"{name}.key").read_text())
    return lines.replace("bind :443 ", f"bind 127.0.0.1:{port} ").replace("/etc/haproxy/certificates/", f"{certificates}/")


def _caddy(lines: str, folder: Path, port: int) -> str:
    for name in (PORTAL_NAME, GATEWAY_NAME):
        lines = lines.replace(f"{name} {{", f"{name}:{port} {{")
    return lines.replace("/etc/ssl/", f"{folder}/")


FRONTS = (
    Front(language="nginx", program="nginx", rewrite=_nginx, command=lambda file: ("-c", str(file))),
    Front(language="haproxy", program="haproxy", rewrite=_haproxy, command=lambda file: ("-db", "-f", str(file))),
    Front(
        language="caddyfile",
        program="caddy",
        rewrite=_caddy,
        command=lambda file: ("run", "--adapter", "caddyfile", "--config", str(file)),
    ),
)
