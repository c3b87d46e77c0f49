"""A document, from its bytes to what the gateway needs of it. [pure]"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from apis.definitions import checking, servers
from apis.definitions.kinds import other_kind
from apis.definitions.loading import load
from apis.definitions.model import Aside, Definition, Problem, Unreadable, Why
from apis.definitions.paths import each, operations_of
from apis.definitions.references import external
from apis.definitions.text import text_of
from apis.definitions.values import mapping, text, texts

_OPENAPI = re.compile(r"3\.([012])(?:\.\d+.*)?\Z")
_MOST_NAMED = 10
_COOKIE = "cookie"


def read(data: bytes) -> Definition:
    """Return what the document in *data* defines, and what of it is not kept; last how it differs from what is published.

    :raises Unreadable: if it is no OpenAPI 3 or Swagger 2 document, refers to other documents, or is too much
    """
    written = text_of(data)
    if kind := other_kind(written):
        raise Unreadable(Problem.OTHER_KIND, kind=kind)
    document, asides = load(written)
    version, kind = _version(document)
    if elsewhere := external(document):
        raise Unreadable(Problem.ELSEWHERE, references=_named(elsewhere))
    operations, lost = operations_of(document)
    if not operations and not isinstance(document.get("paths"), dict):
        raise Unreadable(Problem.NO_PATHS, kind=kind)
    server, unused = (servers.of_swagger if version == "2.0" else servers.of_openapi)(document)
    faults = checking.faults_of(document, version)
    info = mapping(document.get("info"))
    return Definition(
        kind=kind,
        title=text(info.get("title")).strip(),
        description=text(info.get("description")).strip(),
        server=server,
        schemes=texts(document.get("schemes")) if version == "2.0" else (),
        operations=operations,
        asides=(*asides, *unused, *servers.own_servers(_places(document)), *lost, *_not_kept(document, operations), *faults),
    )


def _version(document: Any) -> tuple[str, str]:
    """Return of which version a document is, as the schemas are called and as people read it.

    :raises Unreadable: if it is of none that is read
    """
    found = mapping(document)
    if said := text(found.get("openapi")):
        if match := _OPENAPI.match(said):
            return f"3.{match[1]}", f"OpenAPI {said}"
        raise Unreadable(Problem.OTHER_VERSION, version=f"OpenAPI {said}")
    said = text(found.get("swagger")) or text(found.get("swaggerVersion"))
    if said in {"2.0", "2"}:
        return "2.0", "Swagger 2.0"
    if said:
        raise Unreadable(Problem.OTHER_VERSION, version=f"Swagger {said}")
    raise Unreadable(Problem.NO_DEFINITION)


def _places(document: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield path items and operations, by how people find them."""
    seen: set[str] = set()
    for path, item, method, operation in each(document):
        if path not in seen:
            seen.add(path)
            yield path, item
        yield f"{method} {path}", operation


def _not_kept(document: dict[str, Any], operations: tuple[Any, ...]) -> Iterator[Aside]:
    """Yield what a gateway has no use for, a line for each kind."""
    components = mapping(document.get("components"))
    secured = mapping(components.get("securitySchemes")) or mapping(document.get("securityDefinitions"))
    schemas = mapping(components.get("schemas")) or mapping(document.get("definitions"))
    values = [(f"{method} {path}", mapping(value)) for path, _item, method, value in each(document)]
    kinds = (
        (Why.SECURITY, list(secured)),
        (Why.SCHEMAS, list(schemas)),
        (Why.WEBHOOKS, list(mapping(document.get("webhooks")))),
        (Why.CALLBACKS, [place for place, value in values if mapping(value.get("callbacks"))]),
        (Why.COOKIES, [one.place for one in operations if any(each.where == _COOKIE for each in one.parameters)]),
        (
            Why.EXTENSIONS,
            sorted({name for value in (document, *(one for _place, one in values)) for name in value if name.startswith("x-")}),
        ),
    )
    yield from (Aside(why, detail=_named(names)) for why, names in kinds if names)


def _named(names: list[str]) -> str:
    """Return the first of *names*, and how many there are beside them."""
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" … (+{more})" if more > 0 else "")
