"""What all of these addresses have in common: methods, permissions, the entry, plain bodies, answers."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db.models import Model
from django.http import HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from certificates.signing.typed import separate
from rest import bodies
from rest.bodies import Properties
from rest.collection import Collection
from rest.envelope import MethodNotAllowed

Row = TypeVar("Row", bound=Model)
READS = ("GET", "HEAD")


def check_call(collection: Collection[Any, Any], name: str, *methods: str, reading: str = "view", may: str = "change") -> None:
    """Go on only if the caller may do with an entry of this name, be it there or not, what the method does.

    :param reading: which permission a method that reads takes
    :param may: which permission one that writes takes
    :raises MethodNotAllowed: if it is none of *methods*
    :raises rest.envelope.Refused: if the caller may not, or no entry can have the name
    """
    method = collection.call.request.method or ""
    if method not in methods:
        raise MethodNotAllowed(methods)
    collection.call.require(collection.permission.format(reading if method in READS else may))
    collection.check_name(name)


def entry_of(collection: Collection[Row, Any], name: str, *methods: str, may: str = "change") -> Row:
    """Return the entry that an address names, if the caller may do with it what the method does.

    :raises rest.envelope.Refused: as :func:`check_call`, or if there is none of the name
    """
    check_call(collection, name, *methods, may=may)
    return collection.get(name)


def sent_by(collection: Collection[Any, Any]) -> Properties:
    """Return the plain object that was sent to an action; nothing counts as an empty one.

    :raises rest.envelope.Refused: if it is no object
    """
    return Properties(bodies.read(collection.call.request) if collection.call.request.body else {})


def names_in(sent: Properties) -> str:
    """Return the alternative names that were sent as pages take them, one a line."""
    names = sent.texts("names")
    if any(not name or separate(name) != (name,) for name in names):
        sent.refuse("names", _("This is a list of names, each by itself."))
    return "\n".join(names)


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
