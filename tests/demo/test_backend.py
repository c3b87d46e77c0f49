"""The demonstration's back end, called over real TLS."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from certificates.identity import Identity
from certificates.pfx import open_pfx, password_of
from certificates.sealing import Secret
from demo import backend
from demo.identities import Folder, prepare
from kit.ports import free_ports
from tests.makers import issue

PASSWORD = "demo password"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path / "demo")
    prepare(folder, host="127.0.0.1", password=Secret(PASSWORD.encode()))
    return folder


@pytest.fixture
def port(folder: Folder) -> Iterator[int]:
    """Return the port of a running back end."""
    port = free_ports(1)[0]
    with backend.server(folder, "127.0.0.1", port) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield port
        server.shutdown()


def context(folder: Folder, certificate: str = "", key: str = "") -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(folder.authority))
    if certificate:
        file = folder.path / "presented.pem"
        file.write_text(certificate + key)
        context.load_cert_chain(file)
    return context


def of_the_pfx(folder: Folder) -> ssl.SSLContext:
    opened = open_pfx(folder.client.read_bytes(), password_of(PASSWORD))
    identity = Identity.of(opened.certificate, opened.chain, opened.private_key)
    return context(folder, identity.certificate_chain_pem.decode(), identity.private_key_pem.value.decode())


def test_the_client_certificate_to_upload_is_accepted_and_named_in_the_log(folder: Folder, port: int) -> None:
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=of_the_pfx(folder))
    for body in (b"", b"x" * 1000):  # on one connection
        connection.request("POST", "/orders?from=today", body)
        answer = connection.getresponse()
        seen = json.loads(answer.read())
        assert answer.status == 200
        assert seen["request"]["path"] == "/orders?from=today"
        assert seen["request"]["bodyBytes"] == len(body)
    connection.close()

    lines = folder.log.read_text().splitlines()
    assert (
        sum("POST /orders?from=today by CN=demo-client" in line and seen["clientCertificate"]["thumbprint"] in line for line in lines) == 2
    )


def test_a_body_in_chunks_is_read_to_its_end(folder: Folder, port: int) -> None:
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=of_the_pfx(folder))
    for _ in range(2):
        connection.request("PUT", "/", iter([b"one", b"twenty"]), encode_chunked=True)
        assert json.loads(connection.getresponse().read())["request"]["bodyBytes"] == 9
    connection.close()


def test_what_is_secret_is_not_sent_back(folder: Folder, port: int) -> None:
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=of_the_pfx(folder))
    connection.request("GET", "/", headers={"Authorization": "Basic c2VjcmV0"})
    assert "c2VjcmV0" not in connection.getresponse().read().decode()
    connection.close()


@pytest.mark.parametrize("presented", ["nothing", "a certificate of somebody else"])
def test_others_are_refused_and_the_log_says_so(folder: Folder, port: int, presented: str) -> None:
    stranger = issue("stranger")
    chosen = context(folder) if presented == "nothing" else context(folder, stranger.pem, stranger.key_pem)
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=chosen)

    with pytest.raises((ssl.SSLError, ConnectionError)):
        _call(connection)
    connection.close()

    deadline = time.monotonic() + 5  # the caller may hear of it first
    while "Refused a connection: the caller" not in folder.log.read_text() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert "Refused a connection: the caller" in folder.log.read_text()


def _call(connection: http.client.HTTPSConnection) -> http.client.HTTPResponse:
    connection.request("GET", "/")
    return connection.getresponse()
