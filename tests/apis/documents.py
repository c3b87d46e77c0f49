"""A server of documents, as sites have them, and the document that the tests of import and export share."""

from __future__ import annotations

import http.server
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread

PETS = {
    "openapi": "3.0.1",
    "info": {"title": "Pets", "version": "1", "description": "All pets."},
    "servers": [{"url": "https://pets.example.com/v1"}],
    "paths": {
        "/pets": {"get": {"operationId": "listPets", "summary": "List", "responses": {"200": {"description": "All"}}}},
        "/pets/{petId}": {
            "parameters": [{"name": "petId", "in": "path", "required": True, "schema": {"type": "integer"}}],
            "get": {"responses": {"200": {"description": "One", "content": {"application/json": {}}}}},
        },
        "/find": {
            "get": {
                "operationId": "find",
                "parameters": [{"name": "q", "in": "query", "required": True, "schema": {"type": "string"}}],
                "responses": {"200": {"description": "Some"}},
            }
        },
    },
    "components": {"securitySchemes": {"key": {"type": "apiKey", "name": "k", "in": "header"}}},
}
TEXT = json.dumps(PETS)


@dataclass
class Site:
    """What a server answers by path: content, or where it sends on; and what it was asked for."""

    url: str
    documents: dict[str, str | bytes] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


@contextmanager
def site() -> Iterator[Site]:
    """Serve documents on loopback for a while."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shown.asked.append(self.path)
            if target := shown.redirects.get(self.path):
                self.send_response(302)
                self.send_header("Location", target)
                self.end_headers()
                return
            content = shown.documents.get(self.path, b"")
            self.send_response(200 if content else 404)
            self.end_headers()
            self.wfile.write(content.encode() if isinstance(content, str) else content)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        shown = Site(f"http://127.0.0.1:{server.server_address[1]}")
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield shown
        finally:
            server.shutdown()
