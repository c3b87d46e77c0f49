"""A WSGI application that notes each call."""

import os
from collections.abc import Callable
from typing import Any

_LOG = os.open("@FOLDER@/calls.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def application(environ: dict[str, Any], start_response: Callable[..., object]) -> list[bytes]:
    """Note the address, read the body, answer."""
    os.write(_LOG, f"{environ['PATH_INFO']}?{environ['QUERY_STRING']}\n".encode())
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"ok"]
