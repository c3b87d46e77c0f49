"""Where a document says that its API is. [pure]

Source: the published service takes the first https URL, else the first; OpenAPI, Server Object, for variables and relative URLs; Swagger 2,
``host``, ``basePath`` and ``schemes``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from apis.definitions.model import Aside, Why
from apis.definitions.values import mapping, sequence, text, texts

_VARIABLE = re.compile(r"\{([^{}]*)\}")


def of_openapi(document: dict[str, Any]) -> tuple[str, list[Aside]]:
    """Return the server that calls go to, absolute or relative, empty if there is none, and what is left out of the others."""
    asides: list[Aside] = []
    urls = [_filled(mapping(one), asides) for one in sequence(document.get("servers"))]
    chosen = _first([url for url in urls if url])
    if others := [url for url in dict.fromkeys(urls) if url and url != chosen]:
        asides.append(Aside(Why.OTHER_SERVERS, detail=", ".join(others)))
    return chosen, asides


def of_swagger(document: dict[str, Any]) -> tuple[str, list[Aside]]:
    """Return the same of ``host``, ``basePath`` and ``schemes``."""
    base = text(document.get("basePath")).strip()
    path = f"/{base.lstrip('/')}" if base else ""
    host = text(document.get("host")).strip().rstrip("/")
    scheme, _, behind = host.rpartition("://")  # many write a whole URL there
    if not behind:
        return path, []
    schemes = [scheme] if scheme else list(texts(document.get("schemes"))) or ["https"]
    urls = [f"{one}://{behind}{path}" for one in schemes]
    chosen = _first(urls)
    others = [url for url in urls if url != chosen]
    return chosen, [Aside(Why.OTHER_SERVERS, detail=", ".join(others))] if others else []


def _first(urls: list[str]) -> str:
    for scheme in ("https://", "http://"):
        if found := next((url for url in urls if url.lower().startswith(scheme)), ""):
            return found
    return next(iter(urls), "")


def _filled(server: dict[str, Any], asides: list[Aside]) -> str:
    """Return a server's URL with the defaults of its variables; empty if one has none."""
    url, variables = text(server.get("url")).strip(), mapping(server.get("variables"))
    names = _VARIABLE.findall(url)
    values = {name: text(mapping(variables.get(name)).get("default")) for name in names}
    if not all(values.values()):
        asides.append(Aside(Why.UNUSABLE_SERVER, detail=url))
        return ""
    if names:
        asides.append(Aside(Why.SERVER_VARIABLES, place=url, detail=", ".join(f"{name} = {value}" for name, value in values.items())))
    return _VARIABLE.sub(lambda found: values[found[1]], url)


def own_servers(places: Iterator[tuple[str, Any]]) -> list[Aside]:
    """Return which of *places* (path items and operations) name servers of their own."""
    found = [place for place, value in places if sequence(mapping(value).get("servers"))]
    return [Aside(Why.OWN_SERVERS, detail=", ".join(found))] if found else []


def is_absolute(url: str) -> bool:
    """Tell whether a server's URL says where it is by itself."""
    return bool(urlsplit(url).scheme) if "://" in url else False
