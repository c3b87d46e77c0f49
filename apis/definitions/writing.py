"""An API's operations as a document: OpenAPI 3.0 or Swagger 2.0. [pure]

What OpenAPI has no word for (an operation for any method, or for one of its own) stands as an extension, which the import reads again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from apis.definitions.documentation import (
    Documentation,
    parameters_of,
    request_types_of,
    responses_of,
    template_parameters_of,
)
from apis.definitions.model import Parameter, Response
from apis.definitions.paths import ANY_METHOD, METHODS, OTHER_METHODS

_BRACES = re.compile(r"\{\*?([^{}]+)\}")
_QUERY = re.compile(r"([^=&]+)=\{([^{}]+)\}")
_VERSION = "1.0"  # a document must have one; APIs here have none
_METHODS = frozenset(METHODS) - {"query"}  # which only OpenAPI 3.2 has


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """An operation to write down."""

    name: str
    display_name: str
    method: str
    url_template: str
    description: str
    documentation: Documentation


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a document is written from.

    :ivar server: the URL that callers call
    :ivar keys: header and query parameter that a subscription key stands in; none where none is needed
    """

    title: str
    description: str
    server: str
    keys: tuple[str, str] | None
    operations: tuple[Written, ...]


def openapi(source: Source) -> dict[str, Any]:
    """Return the document in OpenAPI 3.0."""
    document: dict[str, Any] = {
        "openapi": "3.0.3",
        "info": _info(source),
        "servers": [{"url": source.server}],
        "paths": _paths(source.operations, _operation3),
    }
    if source.keys:
        document["components"] = {"securitySchemes": _schemes(source.keys)}
        document["security"] = [{"apiKeyHeader": []}, {"apiKeyQuery": []}]
    return document


def swagger(source: Source) -> dict[str, Any]:
    """Return the document in Swagger 2.0."""
    scheme, _, rest = source.server.partition("://")
    host, slash, path = rest.partition("/")
    document: dict[str, Any] = {
        "swagger": "2.0",
        "info": _info(source),
        "host": host,
        "basePath": f"{slash}{path}" or "/",
        "schemes": [scheme],
        "paths": _paths(source.operations, _operation2),
    }
    if source.keys:
        document["securityDefinitions"] = _schemes(source.keys)
        document["security"] = [{"apiKeyHeader": []}, {"apiKeyQuery": []}]
    return document


def _info(source: Source) -> dict[str, str]:
    described = {"description": source.description} if source.description else {}
    return {"title": source.title, "version": _VERSION, **described}


def _schemes(keys: tuple[str, str]) -> dict[str, Any]:
    header, query = keys
    return {
        "apiKeyHeader": {"type": "apiKey", "name": header, "in": "header"},
        "apiKeyQuery": {"type": "apiKey", "name": query, "in": "query"},
    }


def _paths(operations: Iterable[Written], write: Any) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for one in sorted(operations, key=lambda each: "?" in each.url_template):  # those that a query tells apart make way
        path, query = _split(one.url_template)
        if _taken(paths.get(path, {}), one.method):  # by one that other query parameters tell apart
            path, query = one.url_template, []
        item = paths.setdefault(path, {})
        written = write(one, [*_path_parameters(path), *query])
        if one.method == "*":
            item[ANY_METHOD[0]] = written
        elif one.method.lower() in _METHODS:
            item[one.method.lower()] = written
        else:
            item.setdefault(OTHER_METHODS[1], {})[one.method] = written
    return paths


def _taken(item: dict[str, Any], method: str) -> bool:
    return (ANY_METHOD[0] if method == "*" else method.lower()) in item or method in item.get(OTHER_METHODS[1], {})


def _split(template: str) -> tuple[str, list[tuple[str, str]]]:
    """Return the path of a template and its query parameters, by the template's names; a query of fixed values stays in the path."""
    path, _, query = template.partition("?")
    parts = [_QUERY.fullmatch(part) for part in query.split("&")] if query else []
    found = [(part[1], part[2]) for part in parts if part]
    return (path, found) if len(found) == len(parts) else (template, [])


def _path_parameters(path: str) -> list[tuple[str, str]]:
    return [(name, name) for name in dict.fromkeys(_BRACES.findall(path))]


def _parameters(one: Written, named: Iterable[tuple[str, str]]) -> Iterator[Parameter]:
    """Yield what stands in the template, then what the documentation tells of beside it."""
    told = template_parameters_of(one.documentation)
    seen = set()
    for name, inner in named:
        where = "path" if f"{{{inner}}}" in one.url_template.partition("?")[0] or f"{{*{inner}}}" in one.url_template else "query"
        like = told.get(inner, Parameter(name=inner))
        seen.add((where, name))
        yield Parameter(
            name=name, where=where, required=True, type=like.type, description=like.description, default=like.default, values=like.values
        )
    yield from (each for each in parameters_of(one.documentation) if (each.where, each.name) not in seen)


def _common(one: Written) -> dict[str, Any]:
    described = {"description": one.description} if one.description else {}
    return {"operationId": one.name, "summary": one.display_name, **described}


def _operation3(one: Written, named: list[tuple[str, str]]) -> dict[str, Any]:
    written = _common(one)
    if parameters := [_beside(each) | {"schema": _value(each)} for each in _parameters(one, named)]:
        written["parameters"] = parameters
    types, description = request_types_of(one.documentation)
    if types:
        written["requestBody"] = {**({"description": description} if description else {}), "content": {each: {} for each in types}}
    written["responses"] = {each.status: _response3(each) for each in _responses(one)}
    return written


def _operation2(one: Written, named: list[tuple[str, str]]) -> dict[str, Any]:
    written = _common(one)
    parameters = [_beside(each) | _value(each) for each in _parameters(one, named)]
    types, description = request_types_of(one.documentation)
    if types:
        written["consumes"] = list(types)
        parameters.append({"name": "body", "in": "body", **({"description": description} if description else {}), "schema": {}})
    responses = _responses(one)
    if produced := list(dict.fromkeys(kind for each in responses for kind in each.content_types)):
        written["produces"] = produced
    written["parameters"] = parameters
    written["responses"] = {each.status: _response2(each) for each in responses}
    return written


def _responses(one: Written) -> list[Response]:
    return responses_of(one.documentation) or [Response(status="200")]


def _response3(one: Response) -> dict[str, Any]:
    written: dict[str, Any] = {"description": one.description}
    if one.headers:
        written["headers"] = {each.name: {**_described(each), "schema": _value(each)} for each in one.headers}
    if one.content_types:
        written["content"] = {each: {} for each in one.content_types}
    return written


def _response2(one: Response) -> dict[str, Any]:
    written: dict[str, Any] = {"description": one.description}
    if one.headers:
        written["headers"] = {each.name: {**_described(each), **_value(each)} for each in one.headers}
    if one.content_types:
        written["schema"] = {}
    return written


def _beside(one: Parameter) -> dict[str, Any]:
    return {"name": one.name, "in": one.where, **({"required": True} if one.required else {}), **_described(one)}


def _described(one: Parameter) -> dict[str, str]:
    return {"description": one.description} if one.description else {}


_TYPES = frozenset({"string", "number", "integer", "boolean", "array"})


def _value(one: Parameter) -> dict[str, Any]:
    """Return the schema of a parameter's value; kinds that a document has no word for are texts."""
    kind = one.type if one.type in _TYPES else "string"
    schema: dict[str, Any] = {"type": kind}
    if kind == "array":
        schema["items"] = {"type": "string"}
    if one.values:
        schema["enum"] = list(one.values)
    if one.default is not None and kind == "string":
        schema["default"] = one.default
    return schema
