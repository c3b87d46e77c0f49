"""What all kinds of entities have in common: list, get, head, create or update, update, delete; permissions, ETags, answers.

A kind of entity is a subclass of :class:`Collection`. It finds rows, shows them, and hands what a client sends to the actions.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from email.header import Header
from functools import partial
from typing import Any, ClassVar, Generic, Never, TypeVar

from django.db import models, transaction
from django.http import HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from certificates.models import NAME_MAX_LENGTH, valid_name
from portal.characters import first_deceiving
from portal.live import Kind, LiveStatus, live_status
from portal.validators import UNSEEN
from rest import etags, fields, filters, paging
from rest.bodies import MOST_BYTES, Properties
from rest.call import Call
from rest.envelope import Conflict, Fault, Invalid, MethodNotAllowed, NotFound
from rest.names import spelled

Row = TypeVar("Row", bound=models.Model)
Draft = TypeVar("Draft")

CREATED = 201
NO_CONTENT = 204
_LIVE_HEADER = "x-portal-live"


class Collection(ABC, Generic[Row, Draft]):
    """The entities of one kind, as one call sees them.

    *Row* is what is stored, *Draft* what a body asks for once it is read and checked.
    """

    segment: ClassVar[str]  # the word in addresses and types
    id_name: ClassVar[str]  # what the published documents call the id; the target of faults
    permission: ClassVar[str]  # which permissions decide: "apis.{}_api"
    fields: ClassVar[Mapping[str, fields.Field]]  # what $filter may ask for
    shown_only: ClassVar[tuple[str, ...]] = ()  # what it may ask for, too, and no column holds: "contact/name"
    ordered_by: ClassVar[str] = "name"  # the column that lists go by
    collection_methods: ClassVar[tuple[str, ...]] = ("GET", "HEAD")
    entity_methods: ClassVar[tuple[str, ...]] = ("GET", "HEAD", "PUT", "PATCH", "DELETE")
    deleted_status: ClassVar[int] = 200
    most_bytes: ClassVar[int] = MOST_BYTES  # that a body may have
    live_kind: ClassVar[Kind | None] = None  # what the gateways tell of, if they do

    def __init__(self, call: Call, **parents: str) -> None:
        """See the entities below *parents* (names by kind)."""
        self.call = call
        self.parents = parents

    # --- what a kind of entity says of itself -------------------------------------------------------------------------

    @abstractmethod
    def rows(self) -> models.QuerySet[Row]:
        """Return all entities, in a lasting order, with what :meth:`show` needs."""

    def listed(self) -> models.QuerySet[Row]:
        """Return the entities that a list may hold: all, unless the call's own parameters leave some out."""
        return self.rows()

    @abstractmethod
    def name_of(self, row: Row) -> str:
        """Return the id of an entity within its collection."""

    @abstractmethod
    def etag(self, row: Row) -> str:
        """Return the ETag of an entity."""

    @abstractmethod
    def show(self, row: Row) -> dict[str, Any]:
        """Return the properties that clients see."""

    def warnings(self, row: Row) -> list[str]:  # noqa: ARG002 - most kinds have none
        """Return what a client should know of an entity although all went well; sent as ``Warning`` headers."""
        return []

    @abstractmethod
    def read(self, sent: Properties, row: Row | None, *, whole: bool) -> Draft:
        """Check what a client sent. Nothing is locked meanwhile: this may take long.

        :param row: the entity to change; ``None``: there is none yet
        :param whole: a whole entity was sent (PUT); else the entity's values stand where nothing was sent (PATCH)
        :raises rest.envelope.Refused: if it cannot be
        """

    @abstractmethod
    def create(self, name: str, draft: Draft) -> Row:
        """Create an entity."""

    @abstractmethod
    def change(self, row: Row, draft: Draft) -> Row:
        """Change an entity."""

    @abstractmethod
    def remove(self, row: Row) -> None:
        """Delete an entity."""

    def check_name(self, name: str) -> None:
        """Refuse an id that no entity can have.

        :raises Invalid: naming the id
        """
        if len(name) > NAME_MAX_LENGTH or not valid_name.regex.match(name):  # type: ignore[union-attr]  # compiled when first used
            raise Invalid(Fault(self.id_name, str(valid_name.message)))

    def path_of(self, name: str) -> tuple[str, ...]:
        """Return the words of an entity's address, its parents' first."""
        return (self.segment, name)

    # --- what follows for all of them ---------------------------------------------------------------------------------

    def answer_collection(self) -> HttpResponse:
        """Answer a call of the collection's own address."""
        if self.call.request.method not in self.collection_methods:
            raise MethodNotAllowed(self.collection_methods)
        self._require("view")
        computed = {name: fields.Shown(partial(self._values, name)) for name in self.shown_only}
        wanted = filters.parse(self.call.request.GET.get("$filter", ""), {**self.fields, **computed})
        shown, rest = paging.page_of(self.call.request, self.listed().filter(wanted), by=self.ordered_by)
        return self._json({"value": [self.entity(row) for row in shown], **rest})

    def answer_entity(self, name: str) -> HttpResponse:
        """Answer a call of one entity's address."""
        method = self.call.request.method or ""
        if method not in self.entity_methods:
            raise MethodNotAllowed(self.entity_methods)
        self._require({"GET": "view", "HEAD": "view", "DELETE": "delete"}.get(method, "change"))
        self.check_name(name)
        match method:
            case "PUT":
                self._check_new_name(name)
                return self._put(name)
            case "PATCH":
                return self._patch(name)
            case "DELETE":
                return self._delete(name)
            case _:
                return self._get(name)

    def answer_refused(self, name: str, fault: Fault) -> Never:
        """Refuse an action that entities of this kind have elsewhere; one that is not there is not found first.

        :raises Invalid: naming what is not there
        """
        if self.call.request.method != "POST":
            raise MethodNotAllowed(("POST",))
        self._require("change")
        self.check_name(name)
        self.get(name)
        raise Invalid(fault)

    def _check_new_name(self, name: str) -> None:
        """Refuse a new entity's id that deceives whoever reads it; one that is there already stays within reach.

        :raises Invalid: naming the id
        """
        if (character := first_deceiving(name)) and self.find(name) is None:
            raise Invalid(Fault(self.id_name, UNSEEN % {"character": character}))

    def find(self, name: str) -> Row | None:
        """Return an entity, ``None`` if there is none of the name."""
        return self._named(self.rows(), name).first()

    def get(self, name: str) -> Row:
        """Return an entity.

        :raises NotFound: if there is none of the name
        """
        if (row := self.find(name)) is None:
            raise NotFound(_("There is no entity %(id)s.") % {"id": self.call.service.id_of(*self.path_of(name))})
        return row

    def entity(self, row: Row) -> dict[str, Any]:
        """Return an entity as clients read it."""
        return self.call.service.entity(self.path_of(self.name_of(row)), self.show(row))

    def _values(self, name: str) -> dict[Any, Any]:
        """Return what all entities show as *name*, by primary key."""
        return {row.pk: _at(self.entity(row), name.split("/")) for row in self.listed()}

    def _get(self, name: str) -> HttpResponse:
        row = self.get(name)
        if etags.is_known(self.call.request, self.etag(row)):
            return HttpResponse(status=304, headers={"ETag": self.etag(row)})
        return self._shown(row, 200)

    @sensitive_variables("draft")
    def _put(self, name: str) -> HttpResponse:
        seen = self.find(name)
        draft = self.read(self.call.properties(most=self.most_bytes), seen, whole=True)
        with transaction.atomic():
            row = self._locked(name)
            etags.check_write(self.call.request, self.etag(row) if row else None)
            self._check_unchanged(seen, row)
            self._require("change" if row else "add")
            saved = self.change(row, draft) if row else self.create(name, draft)
            return self._shown(self._fresh(saved), 200 if row else CREATED)

    @sensitive_variables("draft")
    def put(self, name: str, sent: Properties) -> None:
        """Make or change an entity as its PUT does, whatever version of it the client has seen.

        :raises rest.envelope.Refused: if it cannot be
        """
        self._require("change")
        self.check_name(name)
        self._check_new_name(name)
        seen = self.find(name)
        draft = self.read(sent, seen, whole=True)
        with transaction.atomic():
            row = self._locked(name)
            self._check_unchanged(seen, row)
            self._require("change" if row else "add")
            if row:
                self.change(row, draft)
            else:
                self.create(name, draft)

    @sensitive_variables("draft")
    def _patch(self, name: str) -> HttpResponse:
        seen = self.get(name)
        draft = self.read(self.call.properties(most=self.most_bytes), seen, whole=False)
        with transaction.atomic():
            row = self._locked(name)
            etags.check_write(self.call.request, self.etag(row) if row else None)
            if row is None:  # between the two looks
                raise _changed_meanwhile()
            self._check_unchanged(seen, row)
            return self._shown(self._fresh(self.change(row, draft)), 200)

    def _delete(self, name: str) -> HttpResponse:
        if self.call.service.direct:
            etags.check_named(self.call.request)
        with transaction.atomic():
            row = self._locked(name)
            if row is None:
                return HttpResponse(status=NO_CONTENT)
            etags.check_write(self.call.request, self.etag(row))
            self.remove(row)
        return HttpResponse(status=self.deleted_status)

    def _check_unchanged(self, seen: Row | None, row: Row | None) -> None:
        """Refuse to write over what changed since the body was read beside it: what was not sent was taken from there.

        :param seen: the entity as it was then, ``None`` if there was none
        :param row: the entity as it is, locked
        :raises Conflict: if they differ
        """
        if (seen and self.etag(seen)) != (row and self.etag(row)):
            raise _changed_meanwhile()

    def _require(self, what: str) -> None:
        self.call.require(self.permission.format(what))

    def _named(self, rows: models.QuerySet[Row], name: str) -> models.QuerySet[Row]:
        return spelled(rows, name)

    def _locked(self, name: str) -> Row | None:
        return self._named(self.rows().select_for_update(of=("self",)), name).first()

    def _fresh(self, row: Row) -> Row:
        return self.rows().get(pk=row.pk)

    def _shown(self, row: Row, status: int) -> HttpResponse:
        headers = {"ETag": self.etag(row)}
        if warned := self.warnings(row):
            headers["Warning"] = ", ".join(map(_warning, warned))
        if self.live_kind:
            headers[_LIVE_HEADER] = _live_words(live_status(self.live_kind, row.pk))
        return self._json(self.entity(row), status=status, headers=headers)

    def _json(self, content: dict[str, Any], *, status: int = 200, headers: dict[str, str] | None = None) -> HttpResponse:
        if self.call.request.method == "HEAD":
            return HttpResponse(status=status, headers=headers, content_type="application/json")
        return JsonResponse(content, status=status, headers=headers)


def _changed_meanwhile() -> Conflict:
    return Conflict(_("The entity was changed at the same moment. Read it and try again."))


def _at(entity: dict[str, Any], path: list[str]) -> Any:
    """Return what stands at *path* in an entity's properties, or else in the entity itself."""
    value: Any = entity.get("properties", {})
    value = value if path[0] in value else entity
    for word in path:
        value = value.get(word) if isinstance(value, dict) else None
    return value


def _warning(text: str) -> str:
    """Return a ``Warning`` header's value: 299, a lasting one, by nobody in particular (RFC 7234, section 5.5)."""
    line = " ".join(text.split())
    written = line if line.isascii() else Header(line, "utf-8", maxlinelen=sys.maxsize).encode()  # RFC 2047, as RFC 7234 has it
    quoted = written.replace("\\", "\\\\").replace('"', '\\"')
    return f'299 - "{quoted}"'


def _live_words(status: LiveStatus) -> str:
    """Return how far the newest change has come, for scripts: ``live;on=2;of=2;ms=12`` (RFC 9651).

    Where gateways have refused the current version of a certificate, ``presents`` is the number of the one they present.
    """
    took = f";ms={status.milliseconds}" if status.milliseconds is not None else ""
    instead = f";presents={status.presented_instead}" if status.presented_instead else ""
    return f"{status.state};on={len(status.live)};of={len(status.standings)}{took}{instead}"
