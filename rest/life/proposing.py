"""What shall become the next version of an entry of whatever kind: shown, proposed, tried again, discarded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from django.http import HttpResponse

from rest.collection import CREATED, NO_CONTENT, Collection
from rest.envelope import NotFound
from rest.life.asked import READS, answered, entity, entry_of

Entries = Collection[Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposals:
    """The candidates of one kind of entries.

    :ivar deeds: the module of what is done with them: ``ask_try``, ``discard``, and ``Gone``
    :ivar find: returns the one of an entry, if there is one
    :ivar propose: makes the one that was sent
    :ivar show: returns the properties that clients see
    """

    deeds: ModuleType
    find: Callable[[Any], Any]
    propose: Callable[[Entries, Any], Any]
    show: Callable[[Entries, Any], dict[str, Any]]

    def answer_candidate(self, collection: Entries, name: str) -> HttpResponse:
        """Answer the candidate; PUT proposes one, DELETE discards it."""
        row = entry_of(collection, name, *READS, "PUT", "DELETE")
        match collection.call.request.method:
            case "PUT":
                return self.answer(collection, row, self.propose(collection, row), status=CREATED)
            case "DELETE":
                return self._discarded(collection, row)
            case _:
                return self.answer(collection, row, self.of(row))

    def answer_try(self, collection: Entries, name: str) -> HttpResponse:
        """Have the candidate tried again; answer it."""
        row = entry_of(collection, name, "POST")
        try:
            self.deeds.ask_try(self.of(row), now=collection.call.now)
        except self.deeds.Gone:
            raise NotFound from None
        return self.answer(collection, row, self.of(row), status=202)

    def answer(self, collection: Entries, row: Any, candidate: Any, *, status: int = 200) -> HttpResponse:
        """Answer a candidate of an entry."""
        return answered(collection, entity(collection, row, ("candidate", "candidate"), self.show(collection, candidate)), status=status)

    def of(self, row: Any) -> Any:
        """Return the candidate of an entry.

        :raises NotFound: if there is none
        """
        if (found := self.find(row)) is None:
            raise NotFound
        return found

    def _discarded(self, collection: Entries, row: Any) -> HttpResponse:
        candidate = self.find(row)
        if candidate is None:
            return HttpResponse(status=NO_CONTENT)
        try:
            self.deeds.discard(candidate, by=collection.call.user, now=collection.call.now)
        except self.deeds.Gone:  # at this very moment
            return HttpResponse(status=NO_CONTENT)
        return HttpResponse(status=200)
