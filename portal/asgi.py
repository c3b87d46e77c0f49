"""What granian loads: receives each request whole, has Django answer it in one of a few threads, and sends the answer.

A WSGI application reads the body in the thread that answers, so that callers who never finish theirs hold all threads. Here a thread is
taken when there is nothing left to wait for, and is free again before the answer goes out.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import unquote_to_bytes

from django.conf import settings
from django.db import close_old_connections
from django.template.loader import get_template
from django.urls import NoReverseMatch, get_resolver, reverse
from django.utils import translation

from portal import notify
from portal.bodies import Bodies, Gone, Receive, Share
from portal.callers import BODY_REFUSED, is_known
from portal.icons import outlines
from portal.whole_numbers import length_said
from portal.wsgi import application as django

Environ = dict[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

# Per worker. A thread is busy while a PFX file is being opened (seconds, for a hostile one), so there are more than cores.
THREADS = 32
_UNREADABLE = (400, [(b"content-type", b"text/plain"), (b"connection", b"close")], b"The body of the request could not be read.\n")
_threads = ThreadPoolExecutor(THREADS, thread_name_prefix="answer")
_lookups = ThreadPoolExecutor(2, thread_name_prefix="lookup")
_bodies = Bodies(
    anybody=Share(most=256, size=64 * 1024, seconds=10),  # sign-in, and all but the largest forms
    known=Share(most=16, size=8 * 1024 * 1024, seconds=60),
)


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Answer one request (ASGI 3)."""
    environ = environ_of(scope)
    loop = asyncio.get_running_loop()
    try:
        body = await _bodies.collect(
            receive, declared=_declared(environ), is_known=lambda: loop.run_in_executor(_lookups, _look_up, dict(environ))
        )
    except Gone:  # or what came is no body, and who sent it reads the answer
        await _send(send, *_UNREADABLE)
        return
    environ["wsgi.input"] = io.BytesIO(body.content)
    environ["CONTENT_LENGTH"] = environ.get("CONTENT_LENGTH") or str(len(body.content))  # of one that came in chunks
    if body.refused:
        environ[BODY_REFUSED] = body.refused
    status, headers, content = await loop.run_in_executor(_threads, _answer, environ)
    if not body.ended:
        headers.append((b"connection", b"close"))
    await _send(send, status, headers, content)


async def _send(send: Send, status: int, headers: Headers, content: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def environ_of(scope: dict[str, Any]) -> Environ:
    """Return a request as WSGI describes it (PEP 3333), without its body.

    Header names with an underscore are left out, as by most servers: ``X_Forwarded_For`` would pass for ``X-Forwarded-For``.
    """
    environ: Environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": scope["server"][0],
        "SERVER_PORT": str(scope["server"][1]),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": scope["client"][0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        if b"_" not in name:
            _add_header(environ, name.decode("latin-1"), value.decode("latin-1"))
    return environ


def _add_header(environ: Environ, name: str, value: str) -> None:
    key = name.upper().replace("-", "_")
    key = key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"
    between = "; " if key == "HTTP_COOKIE" else ","
    environ[key] = f"{environ[key]}{between}{value}" if key in environ else value


def _declared(environ: Environ) -> int:
    return length_said(str(environ.get("CONTENT_LENGTH", "")))


def _answer(environ: Environ) -> tuple[int, Headers, bytes]:
    """Return Django's answer, whole: a slow reader holds its bytes, not a thread."""
    begun: list[tuple[int, Headers]] = []

    def begin(status: str, headers: list[tuple[str, str]], _error: Any = None, /) -> Callable[[bytes], object]:
        begun.append((int(status[:3]), [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]))
        return io.BytesIO().write  # PEP 3333's other way to send a body; Django returns it

    parts = django(environ, begin)
    try:
        content = b"".join(parts)
    finally:
        parts.close()
    status, headers = begun[-1]
    return status, headers, content


def _look_up(environ: Environ) -> bool:
    try:
        return is_known(environ)
    finally:
        close_old_connections()


def _prepare() -> None:
    """Do once what the first callers would do, each for himself if they come together: catalogues, addresses, templates, icons."""
    outlines()
    for language, _ in settings.LANGUAGES:
        with translation.override(language):
            for namespace in get_resolver().namespace_dict:
                with contextlib.suppress(NoReverseMatch):  # looked for, which is enough
                    reverse(f"{namespace}:")
    for folder in settings.TEMPLATES[0]["DIRS"]:
        for file in folder.glob("*.html"):  # the frame and what else all pages share; those of one page wait for it
            get_template(file.name)


_prepare()
notify.tell(notify.READY, "Answering pages")  # calls are taken since the start; from here on somebody answers them
