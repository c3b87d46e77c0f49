"""Back ends of other makers: the servers that Debian has, as people run them."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from kit.issuing import Issued
from kit.ports import free_ports
from tests import debian
from tests.processes import folder_open_to_all

_CASES = Path(__file__).parent / "cases"
_UP_WITHIN_SECONDS = 20


def _six_in_a_row() -> tuple[int, ...]:
    """Return six free ports one after the other."""
    while True:
        (first,) = free_ports(1)
        ports = tuple(range(first, first + 6))
        if ports[-1] < 65536 and all(_is_free(port) for port in ports):
            return ports


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Server(ABC):
    """A server in a folder of its own; a context manager."""

    ports: tuple[int, ...]

    @abstractmethod
    def command(self, folder: Path) -> list[str]:
        """Write what it needs into *folder* and return how it is started."""

    def __enter__(self) -> Self:
        """Start it and wait until it listens."""
        self._folder = tempfile.TemporaryDirectory(prefix="backend-", dir=folder_open_to_all())
        folder = Path(self._folder.name)
        folder.chmod(0o755)  # a server may run as another user: neither its folder nor what is written there may be closed to it
        self._process = subprocess.Popen(
            self.command(folder), cwd=folder, umask=0o022, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for port in self.ports:
            self._wait_for(port)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()
        self._folder.cleanup()

    def _wait_for(self, port: int) -> None:
        until = time.monotonic() + _UP_WITHIN_SECONDS
        while self._process.poll() is None and time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise AssertionError(f"{type(self).__name__} does not listen on port {port}.")


@dataclass
class OpenSsl(Server):
    """``openssl s_server``, which can be made to offer next to nothing; it answers each GET with a page about the connection."""

    certificate: str  # PEM
    key: str
    options: tuple[str, ...] = ()
    client_authority: Issued | None = None  # demands client certificates of it
    ports: tuple[int, ...] = field(default_factory=lambda: tuple(free_ports(1)))

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.ports[0]

    def command(self, folder: Path) -> list[str]:
        """Write certificate and key."""
        (folder / "server.pem").write_text(self.key + self.certificate)
        demand: tuple[str, ...] = ()
        if self.client_authority:
            (folder / "authority.pem").write_text(self.client_authority.pem)
            demand = ("-Verify", "3", "-verify_return_error", "-CAfile", "authority.pem")
        program = debian.program("openssl")
        return [program, "s_server", "-accept", f"127.0.0.1:{self.port}", "-cert", "server.pem", "-www", *demand, *self.options]


@dataclass
class Apache(Server):
    """Debian's Apache with six virtual hosts that ask for the client certificate in six ways (see the script)."""

    certificate: Issued
    authority: Issued
    ports: tuple[int, ...] = field(default_factory=_six_in_a_row)

    def command(self, folder: Path) -> list[str]:
        """Write certificate, key and authority for the script."""
        debian.program("apache2")
        (folder / "srv.crt").write_text(self.certificate.pem)
        (folder / "srv.key").write_text(self.certificate.key_pem)
        (folder / "ca.pem").write_text(self.authority.pem)
        return ["bash", str(_CASES / "apache.sh"), str(folder), str(self.ports[0])]


@dataclass
class Nginx(Server):
    """Debian's nginx, which notes the address of each call that it has answered.

    :ivar listen: what stands behind the address, ``ssl http2`` for instance
    :ivar server: what else its server has, ``keepalive_requests 10;`` for instance
    :ivar accepts: the authority client certificates must come from; ``None``: it asks for none
    """

    certificate: Issued
    listen: str = "ssl http2"
    server: str = ""
    accepts: Issued | None = None
    ports: tuple[int, ...] = field(default_factory=lambda: tuple(free_ports(1)))

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.ports[0]

    @property
    def noted(self) -> Counter[str]:
        """How often each address was called; the last lines may be a moment late."""
        return Counter((Path(self._folder.name) / "calls.log").read_text().split())

    def command(self, folder: Path) -> list[str]:
        """Write its configuration; it answers with the protocol that it was called by."""
        (folder / "server.pem").write_text(self.certificate.pem + self.certificate.key_pem)
        demand = ""
        if self.accepts:
            (folder / "authority.pem").write_text(self.accepts.pem)
            demand = f"ssl_client_certificate {folder}/authority.pem; ssl_verify_client on;"
        places = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (folder / "nginx.conf").write_text(
            f"daemon off; pid {folder}/pid; error_log /dev/null; worker_rlimit_nofile 16384; events {{ worker_connections 4096; }}\n"
            f"http {{ log_format address $request_uri; access_log {folder}/calls.log address; {places}\n"
            f"server {{ listen 127.0.0.1:{self.port} {self.listen} backlog=4096; "
            f"ssl_certificate server.pem; ssl_certificate_key server.pem; {demand} {self.server}\n"
            "location / { default_type text/plain; return 200 $server_protocol; } } }\n"
        )
        return [debian.program("nginx"), "-e", "stderr", "-p", str(folder), "-c", "nginx.conf"]
