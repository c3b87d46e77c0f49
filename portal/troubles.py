"""What fails and should be told to somebody before it hurts: sources that bring nothing, a certificate that does not renew itself. [pure]

The rooms that know enter here how to ask them; notices are sent of what they answer. Nothing of it is kept here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Topic(StrEnum):
    """What people can choose not to be told of."""

    CALLS = "calls"
    GATEWAYS = "gateways"
    SOURCES = "sources"
    OTHER = ""  # what nobody may miss


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that fails.

    :ivar key: which thing, for good, for instance ``source:12``
    :ivar episode: which of its failures; another one is told anew. The moment since when it fails will do
    :ivar reason: a sentence for whoever has to mend it; may be a lazy translation
    :ivar path: the page where it is mended
    :ivar told_to: the permission of those who can mend it
    :ivar entry: the id of the certificate entry that it is about, whose owners are told then
    :ivar topic: by which it can be switched off
    :ivar is_asked_again: it is looked at again just now: it fails if it did, and is no news if it did not
    """

    key: str
    episode: str
    name: str
    reason: Any
    path: str = "/"
    told_to: str = "certificates.change_clientcertificate"
    entry: int | None = None
    topic: Topic = Topic.OTHER
    is_asked_again: bool = False


ListFailing = Callable[[], Iterable[Trouble]]
_looks: dict[str, ListFailing] = {}


def register(room: str, list_failing: ListFailing) -> None:
    """Let *list_failing* tell what fails in a *room* now; a second one of the same room takes its place."""
    _looks[room] = list_failing


def troubles() -> list[Trouble]:
    """Return all that fails now."""
    return [trouble for look in _looks.values() for trouble in look()]
