"""What the editor edits: the documents of all APIs, of an API and of an operation, with their addresses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.shortcuts import get_object_or_404
from django.urls import reverse

from apis.models import Api, Operation, ServicePolicy
from apis.policies.actions import put_api_document, put_operation_document, put_service_document
from apis.policies.checking import Place, scope_of
from apis.policies.own import own_document
from apis.policies.surroundings import Surroundings, read_own, surroundings
from apis.policy import Scope, document_with
from apis.policy.model import Cors, ForwardRequest, Preflights, Rule
from apis.policy.scopes import inherits, together

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@dataclass(frozen=True, slots=True)
class Edited:
    """A document and what it is about."""

    place: Place

    @property
    def api(self) -> Api | None:
        """The API that it is about, or whose operation it is about."""
        return self.place.api if isinstance(self.place, Operation) else self.place

    @property
    def operation(self) -> Operation | None:
        """The operation that it is about."""
        return self.place if isinstance(self.place, Operation) else None

    def text(self) -> str:
        """Return the document as it is shown."""
        if isinstance(self.place, Api):
            return own_document(self.place)
        return self.place.document if self.place else ServicePolicy.current().document

    def revision(self) -> int:
        """Return what two editors at once are told apart by."""
        return self.place.revision if self.place else ServicePolicy.current().revision

    def url(self, what: str = "", **more: str) -> str:
        """Return the address of the editor, or of *what* belongs to it (``check``, ``add``)."""
        below = f"_{what}" if what else ""
        if self.operation:
            names = {"name": self.operation.api.name, "operation": self.operation.name}
            return reverse(f"apis:operation_policy{below}", kwargs={**names, **more})
        if self.api:
            return reverse(f"apis:policy{below}", kwargs={"name": self.api.name, **more})
        return reverse(f"policies:service{below}", kwargs=more)

    def save(self, text: str, *, revision: int | None, by: User, now: datetime) -> None:
        """Store a document.

        :raises Exception: as the action of its kind does
        """
        match self.place:
            case Operation():
                put_operation_document(self.place, text, revision=revision, by=by, now=now)
            case Api():
                put_api_document(self.place, text, revision=revision, by=by, now=now)
            case None:
                put_service_document(text, revision=revision, by=by, now=now)

    def effective(self, text: str) -> str:
        """Return the document that holds in the end if *text* is this one; a password is masked, named values stand by their names.

        :raises apis.policy.UnreadablePolicy: if the text, or one around it, cannot be read
        """
        around = surroundings()
        if around.problem and self.place:
            raise around.problem
        mine = read_own(text, scope_of(self.place), around.values)
        if self.place is None:
            return document_with(mine.rules, together([mine.sections]))
        outer = read_own(self.api.document, Scope.API, around.values) if self.operation and self.api else mine
        rules = self.api.own_rules() if self.operation and self.api else mine.rules
        documents = [around.service.sections, outer.sections, *([mine.sections] if self.operation else [])]
        waits = [rule for rule in mine.rules if isinstance(rule, ForwardRequest)] if self.operation else []
        own = [rule for rule in rules if not (waits and isinstance(rule, ForwardRequest))]
        return document_with([*self._from_around(outer.sections, rules, around), *own, *waits], together(documents))

    def _from_around(self, sections: Any, rules: tuple[Rule, ...], around: Surroundings) -> list[Rule]:
        """Return the rules of all APIs that hold because the API says nothing of its own."""
        assert self.api  # noqa: S101 - there is nothing around all APIs
        own = {type(rule) for rule in rules}
        found = []
        for rule in around.service.rules:
            section = "backend" if isinstance(rule, ForwardRequest) else "inbound"
            answered = isinstance(rule, Cors) and self.api.cors == Preflights.BACK_END
            if type(rule) not in own and not answered and inherits(sections, section):
                found.append(rule)
        return found


def edited(name: str = "", operation: str = "") -> Edited:
    """Return what an address is about, or answer 404."""
    if operation:
        return Edited(get_object_or_404(Operation.objects.select_related("api__certificate__current"), api__name=name, name=operation))
    if name:
        return Edited(get_object_or_404(Api.objects.select_related("certificate__current", "changed_by"), name=name))
    return Edited(None)
