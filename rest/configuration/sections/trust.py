"""What an API trusts, in a configuration file: the name of an entry, or a text in PEM, as files had it before there were entries."""

from __future__ import annotations

from rest.configuration.document import Document
from rest.configuration.sections.authorities import digest_of

# In which part of an API, as what entry and text are known there.
SECURITY = ("security", "trusted_authority", "trusted_ca")
CALLERS = ("callers", "caller_authority", "caller_authorities")


def explicit(api: Document) -> Document:
    """Return an API as a file gives it, with no entry where it gives a text alone: that says all there is to say, also if it is empty."""
    result = dict(api)
    for part, entry, text in (SECURITY, CALLERS):
        given = api.get(part)
        if isinstance(given, dict) and text in given and entry not in given:
            result[part] = {entry: "", **given}
    return result


def by_entry(wanted: Document, before: Document, place: tuple[str, str, str], held: str) -> Document:
    """Return what is *wanted*, as it is told *before* if it comes to the same certificates.

    :param held: the PEM that the API holds
    """
    _, entry, text = place
    if wanted[text] and digest_of(str(wanted[text])) == digest_of(held) != "":
        return wanted | {entry: before[entry], text: before[text]}
    return wanted
