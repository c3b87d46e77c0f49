"""A real ACME authority, acme2certifier, in a process of its own. Port 80, which it asks names at, leads to these tests there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Self

import requests
from django.db import connection
from django.test import Client

from tests.makers import issue
from tests.processes import free_ports

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
KEY_IDENTIFIER, BINDING_KEY = "orders-team", "V2hhdGV2ZXIgdGhpcnR5LXR3byBvY3RldHMgaXQgdGFrZXM"


class _Asked(BaseHTTPRequestHandler):
    """Answers what the authority asks of names, as the portal does, whatever the name."""

    def do_GET(self) -> None:
        answer = Client(headers={"host": self.headers["Host"]}).get(self.path)
        connection.close()
        self.send_response(answer.status_code)
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Authority:
    """One that issues for IP addresses, which need no name server."""

    def __init__(self, folder: Path, *, days: int = 30, binding: bool = False) -> None:
        """Issue certificates for so many days; *binding*: to accounts that it knows alone."""
        self.root = issue("ACME Root", authority=True)
        self._folder, self._days, self._binding = folder, days, binding
        (self._port,) = free_ports(1)
        self._names = ThreadingHTTPServer(("127.0.0.1", 0), _Asked)
        self.directory = f"http://127.0.0.1:{self._port}/directory"

    def __enter__(self) -> Self:
        """Start it."""
        Thread(target=self._names.serve_forever, daemon=True).start()
        configuration = self._configure()
        environment = {**os.environ, "ACME_SRV_CONFIGFILE": str(configuration), "ACME2CERTIFIER_BASE_DIR": str(self._folder)}
        with (self._folder / "log").open("wb") as log:
            command = [sys.executable, "-c", _SERVER, str(self._port), str(self._names.server_address[1])]
            self._process = subprocess.Popen(command, cwd=self._folder, env=environment, stdout=log, stderr=log)
        for _ in range(600):
            try:
                requests.get(self.directory, timeout=5)
                break
            except requests.ConnectionError:
                assert self._process.poll() is None, self.log
                time.sleep(0.1)
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()
        self._names.shutdown()
        self._names.server_close()

    @property
    def log(self) -> str:
        """What it has said."""
        return (self._folder / "log").read_text(errors="replace")

    def _configure(self) -> Path:
        (self._folder / "ca.pem").write_text(self.root.pem)
        (self._folder / "ca.key").write_text(self.root.key_pem)
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
        if self._binding:
            (self._folder / "known.json").write_text(json.dumps({KEY_IDENTIFIER: BINDING_KEY}))
            lines += ["[EABhandler]", "eab_handler_module: acme2certifier.eabhandlers.json_handler", f"key_file: {self._folder}/known.json"]
        file = self._folder / "acme_srv.cfg"
        file.write_text("\n".join(lines) + "\n")
        return file
