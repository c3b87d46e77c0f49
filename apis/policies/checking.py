"""One look at a document before it is stored: whether it can be read, and what is wrong, as a sentence with its place."""

from __future__ import annotations

from django.utils.translation import gettext as _

from apis.models import Api, Operation
from apis.named_values.values import KeptValues
from apis.policies.applying import draft_of
from apis.policies.models import MOST_CHARACTERS
from apis.policies.rewriting import refuse_missing
from apis.policy import Document, Scope, UnreadablePolicy, read_document

Place = Api | Operation | None  # what a document is about; None: all APIs
_NOTHING = Document(rules=(), sections={})


def scope_of(place: Place) -> Scope:
    """Return the scope of a document about *place*."""
    if place is None:
        return Scope.SERVICE
    return Scope.API if isinstance(place, Api) else Scope.OPERATION


def checked(text: str, place: Place) -> Document:
    """Return what a document about *place* says; an empty one says nothing of its own.

    :raises apis.policy.UnreadablePolicy: if it cannot be taken, naming element and line
    :raises apis.policies.applying.Unsuitable: if it asks for what this API cannot have
    """
    document = legible(text, place)
    if isinstance(place, Api):
        draft_of(document.rules, place)
    return document


def legible(text: str, place: Place) -> Document:
    """Return the same, whether or not an API can have what its rules say.

    :raises apis.policy.UnreadablePolicy: if it cannot be taken, naming element and line
    """
    if len(text) > MOST_CHARACTERS:
        raise UnreadablePolicy("policies", 1, _("A policy has at most %(most)d characters.") % {"most": MOST_CHARACTERS})
    if not text.strip():
        return _NOTHING
    known = KeptValues()
    document = read_document(text, scope_of(place), known)
    refuse_missing(document.sections, place.url_template if isinstance(place, Operation) else None, known)
    return document
