"""The settings that say where a gateway tells of calls."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from portal.environment import read

TO_STDOUT, TO_COLLECTOR = "stdout", "otlp"


class CollectorUrl(NamedTuple):
    """Where a collector is."""

    scheme: str
    hostname: str
    port: int


def read_collector(name: str) -> CollectorUrl | None:
    """Return *name* (``http://host:port``, or ``https``) as the address of a collector; ``None`` if it is not set.

    :raises ImproperlyConfigured: if it is not of that form
    """
    text = read(name).strip()
    if not text:
        return None
    try:
        url = urlsplit(text)
        host, port = url.hostname, url.port
    except ValueError:
        url, host, port = urlsplit(""), None, None
    more = url.path.strip("/") or url.query or url.fragment or url.username is not None or len(text.split()) > 1
    if url.scheme not in {"http", "https"} or not (host and port) or more:
        said = "it holds a user name, which is not possible here" if "@" in text else f"it says {text!r}"  # perhaps with a password
        reason = f"{name} must be http://host:port or https://host:port, for instance http://127.0.0.1:4317; {said}."
        raise ImproperlyConfigured(reason)
    return CollectorUrl(url.scheme, host, port)


def read_access_log(name: str, *, collector: CollectorUrl | None) -> str:
    """Return *name*: ``stdout``, ``otlp``, the absolute path of a file, or nothing.

    :raises ImproperlyConfigured: if it is none of them, or ``otlp`` without a *collector*
    """
    text = read(name).strip()
    if text == TO_COLLECTOR and collector is None:
        reason = f"{name} is {TO_COLLECTOR}, but GATEWAY_OTLP_ADDRESS does not say where the collector is."
        raise ImproperlyConfigured(reason)
    if text not in {"", TO_STDOUT, TO_COLLECTOR} and not _can_be_file(Path(text)):
        reason = f"{name} must be {TO_STDOUT}, {TO_COLLECTOR}, or the whole path of a file in a folder that exists; it is {text!r}."
        raise ImproperlyConfigured(reason)
    return text


def _can_be_file(path: Path) -> bool:
    return path.is_absolute() and path.parent.is_dir() and not path.is_dir()
