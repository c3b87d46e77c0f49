"""Names and ids in addresses.

``<name:…>`` takes what :data:`certificates.models.NAME_PATTERN` allows, spaces and any script included; ``<id:…>`` takes a number
that the database can hold.
"""

from __future__ import annotations

from django.urls import register_converter
from django.urls.converters import IntConverter, StringConverter

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


class IdConverter(IntConverter):
    """One segment of an address that is a row's id."""

    regex = "[0-9]{1,18}"


class PublicFileConverter(StringConverter):
    """The last part of the address of a public part of a certificate (:mod:`certificates.handing_over`)."""

    regex = r"(?:certificate|issuer)\.(?:pem|cer)|chain\.pem"


register_converter(PublicFileConverter, "public_file")
register_converter(NameConverter, "name")
register_converter(IdConverter, "id")
