"""The operations of a document. [pure]

Also read: the extensions by which gateways say "any method" (AWS's, and our own export's), and what OpenAPI 3.2 says of other methods.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from apis.definitions.content import parameters_of, read_parameters, request_of, responses_of
from apis.definitions.model import MOST_OPERATIONS, Aside, Operation, Problem, Unreadable, Why
from apis.definitions.references import Dangling, followed
from apis.definitions.values import mapping, text

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
_NOT_PROXIED = "connect"  # some write it; it is told as what it is
ANY_METHOD = ("x-any-method", "x-amazon-apigateway-any-method")
OTHER_METHODS = ("additionalOperations", "x-additional-operations")


def operations_of(document: dict[str, Any]) -> tuple[tuple[Operation, ...], list[Aside]]:
    """Return the operations in the document's order, and which could not be read.

    :raises Unreadable: if there are too many
    """
    found: list[Operation] = []
    asides: list[Aside] = []
    for path, item, method, value in each(document, asides):
        place = f"{method} {path}"
        if not isinstance(value, dict):
            asides.append(Aside(Why.NOT_AN_OBJECT, place))
            continue
        if len(found) >= MOST_OPERATIONS:
            raise Unreadable(Problem.TOO_MANY_OPERATIONS)
        try:
            found.append(_operation(document, path, method, item, value))
        except Dangling as lost:
            asides.append(Aside(Why.DANGLING, place, lost.reference))
    return tuple(found), asides


def each(document: dict[str, Any], asides: list[Aside] | None = None) -> Iterator[tuple[str, dict[str, Any], str, Any]]:
    """Yield every operation: its path, its path item, its method in capitals, itself.

    :param asides: gets the path items that are none
    """
    lost = [] if asides is None else asides
    for path, value in mapping(document.get("paths")).items():
        if path.startswith("x-"):
            continue
        try:
            item = followed(document, value)
        except Dangling as nowhere:
            lost.append(Aside(Why.DANGLING, path, nowhere.reference))
            continue
        if isinstance(item, dict):
            yield from ((path, item, method, one) for method, one in _methods(item))
        elif item is not None:
            lost.append(Aside(Why.NOT_AN_OBJECT, path))


def _methods(item: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in item.items():
        if name.lower() in {*METHODS, _NOT_PROXIED}:
            yield name.upper(), value
        elif name in ANY_METHOD:
            yield "*", value
        elif name in OTHER_METHODS:
            yield from ((method.upper(), one) for method, one in mapping(value).items())


def _operation(document: dict[str, Any], path: str, method: str, item: dict[str, Any], value: dict[str, Any]) -> Operation:
    found = parameters_of(document, item, value)
    types, body = request_of(document, value, found)
    return Operation(
        method=method,
        path=path,
        operation_id=text(value.get("operationId")).strip(),
        summary=(text(value.get("summary")) or text(item.get("summary"))).strip(),
        description=(text(value.get("description")) or text(item.get("description"))).strip(),
        parameters=read_parameters(document, found),
        content_types=types,
        body_description=body,
        responses=responses_of(document, value),
    )
