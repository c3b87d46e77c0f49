"""One call of the REST API: who calls, in which generation's form, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from rest import bodies
from rest.authentication import Caller
from rest.bodies import Properties
from rest.envelope import Fault, Forbidden, Invalid

TYPE = "Microsoft.ApiManagement/service"


@dataclass(frozen=True, slots=True)
class Service:
    """Where entities are: below a service of a resource group (the newer form), or at the root (the older, direct form)."""

    prefix: str  # "/subscriptions/…/service/portal", or "" in the direct form

    @property
    def direct(self) -> bool:
        """Whether entities have the older, flat form."""
        return not self.prefix

    def id_of(self, *path: str) -> str:
        """Return the id of an entity, which is the part of its address that follows ``/management``, not percent-encoded."""
        return "/".join([self.prefix, *path])

    def entity(self, path: tuple[str, ...], properties: dict[str, Any]) -> dict[str, Any]:
        """Return an entity as clients read it.

        :param path: collection and name, each after its parents': ``("apis", "orders", "operations", "get")``
        """
        if self.direct:
            return {"id": self.id_of(*path), **properties}
        return {"id": self.id_of(*path), "type": "/".join([TYPE, *path[::2]]), "name": path[-1], "properties": properties}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request of a known caller."""

    request: HttpRequest
    caller: Caller
    service: Service
    now: datetime
    version: date | None = None  # the api-version's date, where one is asked for

    @property
    def user(self) -> User:
        """On whose behalf the call is made; the activity log names this person."""
        return self.caller.user

    def require(self, permission: str) -> None:
        """Go on only if the caller may.

        :raises Forbidden: if not
        """
        if not self.caller.may(permission):
            raise Forbidden

    @sensitive_variables("body", "inner")
    def properties(self, *, most: int = bodies.MOST_BYTES) -> Properties:
        """Return the properties that the request brings.

        :param most: bytes that the body may have
        :raises rest.envelope.Refused: if its body holds none
        """
        body = bodies.read(self.request, most=most)
        if self.service.direct:
            return Properties(body)
        inner = body.get("properties")
        if not isinstance(inner, dict):
            raise Invalid(Fault("properties", _("This must be an object.")))
        return Properties(inner)
