"""Parameters, bodies and answers of an operation, of either generation of documents. [pure]

What bodies look like inside (schemas, examples) is not read: a gateway passes bodies on.
"""

from __future__ import annotations

from typing import Any

from apis.definitions.model import Parameter, Response
from apis.definitions.references import Dangling, followed
from apis.definitions.values import mapping, sequence, text, texts

_NULL = "null"
_BODIES = frozenset({"body", "formData"})
_FORM, _MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"


def parameters_of(document: Any, item: dict[str, Any], operation: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the parameters of a path item and of its operation, whose own take precedence, each once.

    :raises Dangling: if one refers to nothing
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for each in (*sequence(item.get("parameters")), *sequence(operation.get("parameters"))):
        one = mapping(followed(document, each))
        if name := text(one.get("name")):
            found[text(one.get("in")), name] = one
    return list(found.values())


def read_parameters(document: Any, found: list[dict[str, Any]]) -> tuple[Parameter, ...]:
    """Return the parameters that stand outside the body."""
    return tuple(_parameter(document, text(one.get("name")), one) for one in found if one.get("in") not in _BODIES)


def request_of(document: Any, operation: dict[str, Any], found: list[dict[str, Any]]) -> tuple[tuple[str, ...], str]:
    """Return which types the body of a request may have, and what it is.

    :param found: the operation's parameters, among them Swagger 2's bodies
    :raises Dangling: if the body refers to nothing
    """
    body = mapping(followed(document, operation.get("requestBody")))
    if body:
        return tuple(mapping(body.get("content"))), text(body.get("description"))
    bodies = [one for one in found if one.get("in") in _BODIES]
    if not bodies:
        return (), ""
    said = texts(operation.get("consumes", document.get("consumes")))
    if bodies[0].get("in") == "formData":
        usual = _MULTIPART if any(one.get("type") == "file" for one in bodies) else _FORM
        return tuple(one for one in said if one in {_FORM, _MULTIPART}) or (usual,), ""
    return said or ("application/json",), text(bodies[0].get("description"))


def responses_of(document: Any, operation: dict[str, Any]) -> tuple[Response, ...]:
    """Return the answers, those that refer to nothing without what they say."""
    produces = texts(operation.get("produces", document.get("produces")))
    answers = mapping(operation.get("responses")).items()
    return tuple(_response(document, status, one, produces) for status, one in answers if not status.startswith("x-"))


def _response(document: Any, status: str, value: Any, produces: tuple[str, ...]) -> Response:
    try:
        found = mapping(followed(document, value))
    except Dangling:
        found = {}
    types = tuple(mapping(found.get("content"))) or (produces if "schema" in found else ())
    headers = tuple(_header(document, name, one) for name, one in mapping(found.get("headers")).items())
    return Response(status=status, description=text(found.get("description")), content_types=types, headers=headers)


def _header(document: Any, name: str, value: Any) -> Parameter:
    try:
        return _parameter(document, name, mapping(followed(document, value)) | {"in": "header"})
    except Dangling:
        return Parameter(name=name)


def _parameter(document: Any, name: str, one: dict[str, Any]) -> Parameter:
    schema = _schema(document, one)
    default = schema.get("default")
    return Parameter(
        name=name,
        where=text(one.get("in")) or "query",
        required=one.get("required") is True or one.get("in") == "path",
        type=next((kind for kind in texts(schema.get("type")) if kind != _NULL), "string"),
        description=text(one.get("description")),
        default=None if default is None or isinstance(default, dict | list) else text(default),
        values=texts(schema.get("enum")),
    )


def _schema(document: Any, one: dict[str, Any]) -> dict[str, Any]:
    """Return what a parameter's value looks like: its schema, that of its content, or itself (Swagger 2)."""
    contents = [mapping(each).get("schema") for each in mapping(one.get("content")).values()]
    try:
        return mapping(followed(document, one.get("schema", contents[0] if contents else one)))
    except Dangling:
        return {}
