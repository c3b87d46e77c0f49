"""What all of these addresses have in common: methods, permissions, the entry, plain bodies, answers."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db.models import Model
from django.http import HttpResponse, JsonResponse

from rest import bodies
from rest.bodies import Properties
from rest.collection import Collection
from rest.envelope import MethodNotAllowed

Row = TypeVar("Row", bound=Model)
READS = ("GET", "HEAD")


def entry_of(collection: Collection[Row, Any], name: str, *methods: str, may: str = "") -> Row:
    """Return the entry that an address names, if the caller may do with it what the method does.

    :param may: which permission a method that writes takes; empty: to change
    :raises MethodNotAllowed: if it is none of *methods*
    :raises rest.envelope.Refused: if the caller may not, or there is none of the name
    """
    method = collection.call.request.method or ""
    if method not in methods:
        raise MethodNotAllowed(methods)
    needed = "view" if method in READS else may or "change"
    collection.call.require(collection.permission.format(needed))
    collection.check_name(name)
    return collection.get(name)


def sent_by(collection: Collection[Any, Any]) -> Properties:
    """Return the plain object that was sent to an action; nothing counts as an empty one.

    :raises rest.envelope.Refused: if it is no object
    """
    return Properties(bodies.read(collection.call.request) if collection.call.request.body else {})


def entity(collection: Collection[Row, Any], row: Row, path: tuple[str, ...], properties: dict[str, Any]) -> dict[str, Any]:
    """Return what stands at *path* below an entry as clients read it."""
    return collection.call.service.entity((*collection.path_of(collection.name_of(row)), *path), properties)


def listed(collection: Collection[Any, Any], values: list[dict[str, Any]]) -> HttpResponse:
    """Answer all of a short list."""
    return answered(collection, {"value": values, "count": len(values), "nextLink": None})


def answered(collection: Collection[Any, Any], content: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """Answer JSON; to HEAD its head alone."""
    if collection.call.request.method == "HEAD":
        return HttpResponse(status=status, content_type="application/json")
    return JsonResponse(content, status=status)
