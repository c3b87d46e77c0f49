"""A real ACME authority, acme2certifier, in a process of its own; where it asks names at port 80, it is led to another port. [pure]"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from kit.issuing import Issued

_SERVER = """
import sys
from wsgiref.simple_server import make_server, WSGIServer, WSGIRequestHandler
from socketserver import ThreadingMixIn
from acme2certifier.share import acme2certifier_wsgi as served
from urllib3.util import connection
made = connection.create_connection
def led(address, *arguments, **options):
    if address[1] == 80 and address[0] != "127.0.0.1": raise OSError("nobody is there")
    return made((address[0], int(sys.argv[2])) if address[1] == 80 else address, *arguments, **options)
connection.create_connection = led
class Quiet(WSGIRequestHandler):
    def log_message(self, *_): pass
class Threading(ThreadingMixIn, WSGIServer): daemon_threads = True
make_server("127.0.0.1", int(sys.argv[1]), served.application, server_class=Threading, handler_class=Quiet).serve_forever()
"""
_ATTEMPTS, _PAUSE_SECONDS = 600, 0.1


class NotStarted(Exception):
    """The authority has ended before it answered; the message is what it said."""


class AcmeAuthority:
    """One that issues for IP addresses, which need no name server. A context manager.

    :ivar directory: where orders begin
    """

    def __init__(
        self, folder: Path, root: Issued, *, port: int, names_port: int, days: int = 30, known: Mapping[str, str] | None = None
    ) -> None:
        """Issue certificates of *root* for so many days.

        :param folder: an existing folder for its files
        :param port: where it listens
        :param names_port: what answers in the place of port 80
        :param known: keys of accounts that alone may order, by identifier (external account binding); ``None``: everybody may
        """
        self._folder, self._root, self._days, self._known = folder, root, days, known
        self._port, self._names_port = port, names_port
        self.directory = f"http://127.0.0.1:{port}/directory"

    def __enter__(self) -> Self:
        """Start it and wait until it answers."""
        configuration = self._configure()
        environment = {**os.environ, "ACME_SRV_CONFIGFILE": str(configuration), "ACME2CERTIFIER_BASE_DIR": str(self._folder)}
        with (self._folder / "log").open("wb") as log:
            command = [sys.executable, "-c", _SERVER, str(self._port), str(self._names_port)]
            self._process = subprocess.Popen(command, cwd=self._folder, env=environment, stdout=log, stderr=log)  # noqa: S603 - our own words
        for _ in range(_ATTEMPTS):
            try:
                socket.create_connection(("127.0.0.1", self._port), timeout=5).close()
                break
            except OSError:
                if self._process.poll() is not None:
                    raise NotStarted(self.log) from None
                time.sleep(_PAUSE_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()

    @property
    def issued(self) -> int:
        """How many certificates it has issued."""
        return len(list((self._folder / "certs").iterdir()))

    @property
    def log(self) -> str:
        """What it has said."""
        return (self._folder / "log").read_text(errors="replace")

    def _configure(self) -> Path:
        (self._folder / "ca.pem").write_text(self._root.pem)
        (self._folder / "ca.key").write_text(self._root.key_pem)
        (self._folder / "certs").mkdir()
        lines = [
            "[DEFAULT]",
            "debug: False",
            "[CAhandler]",
            "handler_module: acme2certifier.cahandlers.openssl_ca_handler",
            f"issuing_ca_key: {self._folder}/ca.key",
            f"issuing_ca_cert: {self._folder}/ca.pem",
            "ca_cert_chain_list: []",
            f"issuing_ca_crl: {self._folder}/ca.crl",
            f"cert_validity_days: {self._days}",
            f"cert_save_path: {self._folder}/certs",
            "[DBhandler]",
            f"dbfile: {self._folder}/acme.db",
            "[Challenge]",
            "[Order]",
        ]
        if self._known is not None:
            (self._folder / "known.json").write_text(json.dumps(dict(self._known)))
            lines += ["[EABhandler]", "eab_handler_module: acme2certifier.eabhandlers.json_handler", f"key_file: {self._folder}/known.json"]
        file = self._folder / "acme_srv.cfg"
        file.write_text("\n".join(lines) + "\n")
        return file
