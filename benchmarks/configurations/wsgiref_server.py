"""The standard library's WSGI server behind TLS: HTTP/1.0, a connection per call."""

import ssl
from collections.abc import Callable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server


class Server(ThreadingMixIn, WSGIServer):
    """One thread per call; the handshake is the thread's, not the listener's."""

    daemon_threads = True
    request_queue_size = 256


class Handler(WSGIRequestHandler):
    """Quiet: the application notes the calls."""

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


def application(environ: dict[str, Any], start_response: Callable[..., object]) -> list[bytes]:
    """Note the address, read the body, answer."""
    with open("@FOLDER@/calls.log", "a", encoding="ascii") as log:  # noqa: PTH123 - one line
        log.write(f"{environ['PATH_INFO']}?{environ['QUERY_STRING']}\n")
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("@FOLDER@/server.pem")
context.load_verify_locations("@FOLDER@/authority.pem")
context.verify_mode = ssl.CERT_REQUIRED
server = make_server("127.0.0.1", int("@PORT@"), application, Server, Handler)
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
