"""The kinds of sources. Another one is a module of its own, with a line here."""

from __future__ import annotations

from django.conf import settings

from certificates.sources.brought import Reader
from certificates.sources.delivery import Origin
from certificates.sources.models import Source, SourceKind
from certificates.sources.watched import WatchedPlace

ORIGINS = {SourceKind.WATCHED: Origin.WATCHED, SourceKind.ACME: Origin.ACME}
LOOKED_AT = (SourceKind.WATCHED,)  # the others are ordered, and renewed when they are due


def reader_of(source: Source) -> Reader:
    """Return what reads a source."""
    match SourceKind(source.kind):
        case SourceKind.WATCHED:
            return WatchedPlace.of(source.settings, settings.WATCHED_FOLDERS)
        case SourceKind.ACME:
            raise LookupError("Nothing lies anywhere to be read.")
