"""A mail server that takes what it is given and keeps it, unless it is told what to answer to recipients."""

from __future__ import annotations

import socketserver
import threading
from types import TracebackType
from typing import Self


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True  # a port that somebody has just left


class Mailbox:
    """Listens on a free port of the loopback address; a context manager."""

    def __init__(self, *, port: int = 0) -> None:
        """Take a port, or that one, where a mail server has been away."""
        self.mails: list[bytes] = []
        self.to_recipients = b"250 yes"
        mails, mailbox = self.mails, self

        class Conversation(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.wfile.write(b"220 mailbox\r\n")
                while line := self.rfile.readline():
                    match line[:4].upper():
                        case b"DATA":
                            self.wfile.write(b"354 go on\r\n")
                            mails.append(b"".join(iter(self.rfile.readline, b".\r\n")))
                            self.wfile.write(b"250 kept\r\n")
                        case b"RCPT":
                            self.wfile.write(mailbox.to_recipients + b"\r\n")
                        case b"QUIT":
                            self.wfile.write(b"221 bye\r\n")
                            return
                        case _:
                            self.wfile.write(b"250 yes\r\n")

        self._server = _Server(("127.0.0.1", port), Conversation)
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
