"""The whole configuration as a file: written without secrets, read back so that only what differs is changed."""

from rest.configuration.document import Document
from rest.configuration.exporting import configuration
from rest.configuration.importing import Importer

__all__ = ["Document", "Importer", "configuration"]
