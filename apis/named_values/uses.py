"""Where a named value is used: documents of all APIs, of APIs, of operations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from apis.models import Api, NamedValue, Operation, ServicePolicy
from apis.policy.references import names_in


@dataclass(frozen=True, slots=True)
class Use:
    """A document that names a value.

    :ivar place: what it is about; ``None``: all APIs
    """

    place: Api | Operation | None
    document: str

    @property
    def words(self) -> str:
        """What it is about, in words."""
        if self.place is None:
            return _("All APIs")
        if isinstance(self.place, Operation):
            return f"{self.place.api.display_name}: {self.place.display_name}"
        return self.place.display_name

    @property
    def url(self) -> str:
        """Where it is edited."""
        if self.place is None:
            return reverse("policies:service")
        if isinstance(self.place, Operation):
            return reverse("apis:operation_policy", kwargs={"name": self.place.api.name, "operation": self.place.name})
        return reverse("apis:policy", kwargs={"name": self.place.name})


def uses_of(value: NamedValue) -> list[Use]:
    """Return the documents that name *value*, those of the widest scope first. Three queries."""
    return [use for use in _candidates(value.display_name) if value.display_name in names_in(use.document)]


def _candidates(name: str) -> Iterator[Use]:
    if (document := ServicePolicy.current().document) and name in document:
        yield Use(None, document)
    for api in Api.objects.filter(document__contains=name).order_by("display_name", "name"):
        yield Use(api, api.document)
    operations = Operation.objects.filter(document__contains=name).select_related("api")
    for operation in operations.order_by("api__display_name", "api__name", "display_name"):
        yield Use(operation, operation.document)
