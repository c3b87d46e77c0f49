"""Asking Envoy's admin page. [pure]"""

from __future__ import annotations

import http.client
import socket

from gateway.agent.chosen import Chosen
from gateway.agent.supervisor import ADMIN_SOCKET

ANSWER_SECONDS = 30.0


def connection_to(chosen: Chosen) -> http.client.HTTPConnection:
    """Return a connection to the admin page of our Envoy; whoever asks closes it.

    :raises OSError: if it does not listen
    """
    if chosen.admin:
        return http.client.HTTPConnection(*chosen.admin, timeout=ANSWER_SECONDS)
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(ANSWER_SECONDS)
    connection.sock.connect(ADMIN_SOCKET)  # the agent runs in the gateway's home
    return connection


def get(connection: http.client.HTTPConnection, path: str) -> str:
    """Return what the page at *path* says.

    :raises OSError: if it does not answer
    :raises http.client.HTTPException: if it does not answer
    """
    connection.request("GET", path)
    return connection.getresponse().read().decode()
