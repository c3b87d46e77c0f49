"""Names in addresses: ``<name:…>`` takes what :data:`certificates.models.NAME_PATTERN` allows, spaces and any script included."""

from __future__ import annotations

from django.urls import register_converter

from certificates.models import NAME_PATTERN


class NameConverter:
    """One segment of an address that is an entry's name; Django percent-encodes it on the way out."""

    regex = NAME_PATTERN

    def to_python(self, value: str) -> str:
        """Return the name as it is."""
        return value

    def to_url(self, value: str) -> str:
        """Return the name as it is."""
        return str(value)


register_converter(NameConverter, "name")
