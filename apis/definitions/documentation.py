"""What a document says of an operation beside what is matched, in the form of the management REST API, and back. [pure]

``templateParameters``, ``request`` and ``responses`` as the published service shows them, without schemas.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from apis.definitions.model import Operation, Parameter, Response
from apis.definitions.values import mapping, sequence, text, texts

Documentation = dict[str, Any]
_STATUS_DIGITS = 3


def document(operation: Operation, in_template: Mapping[str, str]) -> Documentation:
    """Return the documentation of *operation*.

    :param in_template: the parameters of its URL template, by what the document calls them
    """
    there = [one for one in operation.parameters if one.where in {"path", "query"} and one.name in in_template]
    query = [one for one in operation.parameters if one.where == "query" and one.name not in in_template]
    headers = [one for one in operation.parameters if one.where == "header"]
    request = {
        "description": operation.body_description or None,
        "queryParameters": [_contract(one, one.name) for one in query],
        "headers": [_contract(one, one.name) for one in headers],
        "representations": _representations(operation.content_types),
    }
    return {
        "templateParameters": [_contract(one, in_template[one.name]) | {"required": True} for one in there],
        "request": request,
        "responses": [one for response in operation.responses if (one := _response(response))],
    }


def parameters_of(documentation: Documentation) -> list[Parameter]:
    """Return the query parameters and headers that a documentation tells of."""
    request = mapping(documentation.get("request"))
    kinds = (("query", "queryParameters"), ("header", "headers"))
    return [one for where, key in kinds for one in _parameters(request.get(key), where)]


def template_parameters_of(documentation: Documentation) -> dict[str, Parameter]:
    """Return what a documentation tells of the parameters of the URL template, by name."""
    return {one.name: one for one in _parameters(documentation.get("templateParameters"), "path")}


def request_types_of(documentation: Documentation) -> tuple[tuple[str, ...], str]:
    """Return which types the body of a request may have, and what it is."""
    request = mapping(documentation.get("request"))
    return _types(request), text(request.get("description"))


def responses_of(documentation: Documentation) -> list[Response]:
    """Return the answers that a documentation tells of."""
    found = [mapping(one) for one in sequence(documentation.get("responses"))]
    return [
        Response(
            status=text(one.get("statusCode")),
            description=text(one.get("description")),
            content_types=_types(one),
            headers=tuple(_parameters(one.get("headers"), "header")),
        )
        for one in found
        if text(one.get("statusCode"))
    ]


def _contract(one: Parameter, name: str) -> dict[str, Any]:
    shown: dict[str, Any] = {"name": name, "type": one.type, "required": one.required, "values": list(one.values)}
    if one.description:
        shown["description"] = one.description
    if one.default is not None:
        shown["defaultValue"] = one.default
    return shown


def _response(response: Response) -> dict[str, Any] | None:
    """Return an answer, unless it is of no status in particular: the published form has numbers only."""
    digits = response.status.upper().replace("XX", "00")
    if len(digits) != _STATUS_DIGITS or not (digits.isascii() and digits.isdecimal()):
        return None
    return {
        "statusCode": int(digits),
        "description": response.description,
        "representations": _representations(response.content_types),
        "headers": [_contract(one, one.name) for one in response.headers],
    }


def _representations(types: Iterable[str]) -> list[dict[str, str]]:
    return [{"contentType": one} for one in types]


def _types(described: dict[str, Any]) -> tuple[str, ...]:
    found = (text(mapping(one).get("contentType")) for one in sequence(described.get("representations")))
    return tuple(dict.fromkeys(one for one in found if one))


def _parameters(value: Any, where: str) -> Iterable[Parameter]:
    for one in map(mapping, sequence(value)):
        if name := text(one.get("name")):
            yield Parameter(
                name=name,
                where=where,
                required=where == "path" or one.get("required") is True,
                type=text(one.get("type")) or "string",
                description=text(one.get("description")),
                default=text(one["defaultValue"]) if one.get("defaultValue") is not None else None,
                values=texts(one.get("values")),
            )
