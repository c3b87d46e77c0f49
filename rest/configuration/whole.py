"""The shape of a whole file, put together from what the kinds of entries say of themselves."""

from __future__ import annotations

from functools import cache

from rest.configuration.document import VERSION
from rest.configuration.sections.registry import sections, settings
from rest.configuration.shape import making

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


@cache
def shape() -> making.Shape:
    """Return it, a JSON schema. It is what files are read by."""
    fields: dict[str, making.Shape] = {"version": {"type": "integer", "const": VERSION}}
    fields |= {section.name: making.several(section.shape()) for section in sections()}
    fields |= {setting.name: setting.shape() for setting in settings()}
    fields["secrets"] = making.text(about="The secrets that entries refer to by {sealed: …}, encrypted as age has it.")
    whole = making.record(fields, needed=["version"], about="The configuration of a publisher portal.")
    return {"$schema": _DIALECT, "title": "Publisher portal: configuration", **whole}
