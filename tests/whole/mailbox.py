"""A mail server that takes what it is given and keeps it."""

from __future__ import annotations

import socketserver
import threading
from types import TracebackType
from typing import Self


class Mailbox:
    """Listens on a free port of the loopback address; a context manager."""

    def __init__(self) -> None:
        """Take a port."""
        self.mails: list[bytes] = []
        mails = self.mails

        class Conversation(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.wfile.write(b"220 mailbox\r\n")
                while line := self.rfile.readline():
                    match line[:4].upper():
                        case b"DATA":
                            self.wfile.write(b"354 go on\r\n")
                            mails.append(b"".join(iter(self.rfile.readline, b".\r\n")))
                            self.wfile.write(b"250 kept\r\n")
                        case b"QUIT":
                            self.wfile.write(b"221 bye\r\n")
                            return
                        case _:
                            self.wfile.write(b"250 yes\r\n")

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Conversation)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])

    def __enter__(self) -> Self:
        """Listen."""
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
