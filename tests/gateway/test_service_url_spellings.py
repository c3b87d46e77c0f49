"""What the form takes as a Web service URL is really called, with that path and that host, however it was spelled."""

from __future__ import annotations

import http.server
import ipaddress
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apis.models import Api
from apis.policy.model import Backend
from apis.service_url import check
from gateway.compile.calls.forwarding import host_of
from tests.gateway.gateways import KEY, Gateway, policy

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
PLAIN = "abcXYZ019._~!$&'()*+,;=:@-"
segments = st.text(PLAIN, min_size=1, max_size=6).filter(lambda text: text not in {".", ".."})
encoded = st.sampled_from(["%20", "%2F", "%C3%A4", "%25", "%3F", "%7Ea", "a%2e%2eb"])
paths = st.lists(segments | encoded | st.just(""), max_size=4).map(lambda parts: "".join(f"/{part}" for part in parts))
schemes = st.sampled_from(["http", "HTTP", "Http"])
hosts = st.sampled_from(["localhost", "LOCALHOST", "LocalHost.", "127.0.0.1", "[::ffff:127.0.0.1]", "[::FFFF:7F00:1]", "127.0.0.1."])
IPV6 = ["[::1]", "[0:0:0:0:0:0:0:1]", "[0000:0000::0001]"]


def backend_of(url: str) -> Backend:
    """Return what the gateway is told of a Web service URL."""
    return Api(service_url=check(url, allowed=LOOPBACK).text).backend()


@dataclass
class Notes:
    """A server that notes what it was asked for."""

    address: str
    seen: list[tuple[str, str]] = field(default_factory=list)  # target and Host

    def __enter__(self) -> int:
        """Start it and return its port."""
        seen = self.seen

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                seen.append((self.requestline.split()[1], self.headers["Host"]))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_words: object) -> None:
                """Say nothing."""

        class Server(http.server.ThreadingHTTPServer):
            address_family = socket.AF_INET6 if ":" in self.address else socket.AF_INET

        self.server = Server((self.address, 0), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return int(self.server.server_address[1])

    def __exit__(self, *_error: object) -> None:
        """End it."""
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def notes() -> Iterator[tuple[Notes, int]]:
    server = Notes("127.0.0.1")
    with server as port:
        yield server, port


@pytest.fixture(scope="module")
def call(gateway: Gateway, new_api: Callable[[], int]) -> Callable[[str], int]:
    """Return what calls ``/x`` of an API with a Web service URL and returns the status."""

    def call(url: str) -> int:
        backend = backend_of(url)
        number = new_api()
        one = policy(
            number, f"spelled-{number}", port=backend.port, host=backend.host, scheme="http", backend_path=backend.path, presents=False
        )
        assert one.backend.host == backend.host
        assert not gateway.publish(one)
        status = gateway.call(f"/{one.path}/x?q=1", key=KEY).status
        gateway.withdraw(one)
        return status

    return call


@settings(max_examples=60)
@given(scheme=schemes, host=hosts, zeros=st.sampled_from(["", "0", "00"]), path=paths, slash=st.sampled_from(["", "/"]))
def test_whatever_is_taken_is_called(
    notes: tuple[Notes, int], call: Callable[[str], int], scheme: str, host: str, zeros: str, path: str, slash: str
) -> None:
    server, port = notes
    base = path.rstrip("/")
    assert call(f"{scheme}://{host}:{zeros}{port}{base}{slash}") == 204
    assert server.seen[-1] == (f"{base}/x?q=1", f"{'localhost' if 'local' in host.lower() else '127.0.0.1'}:{port}")


@pytest.mark.parametrize("host", IPV6)
def test_so_is_an_ipv6_address(call: Callable[[str], int], host: str) -> None:
    server = Notes("::1")
    with server as port:
        assert call(f"http://{host}:{port}/base") == 204
    assert server.seen == [("/base/x?q=1", f"[::1]:{port}")]


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("HTTPS://Orders.Example.COM.:0443/v2/", "orders.example.com"),
        ("https://bücher.example:8443", "xn--bcher-kva.example:8443"),
        ("http://back_end:80", "back_end"),
        ("http://h:443", "h:443"),
    ],
)
def test_the_host_header_is_what_a_browser_would_send(url: str, host: str) -> None:
    assert host_of(backend_of(url)) == host
