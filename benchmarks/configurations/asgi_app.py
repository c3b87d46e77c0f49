"""An ASGI application that notes each call."""

import os
from collections.abc import Awaitable, Callable
from typing import Any

_LOG = os.open("@FOLDER@/calls.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


async def application(scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
    """Note the address, read the body, answer."""
    if scope["type"] != "http":
        return
    os.write(_LOG, f"{scope['path']}?{scope['query_string'].decode()}\n".encode())
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})
