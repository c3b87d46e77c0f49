"""The OpenAPI 3.1 document of the REST API."""

from rest.openapi.document import document

__all__ = ["document"]
