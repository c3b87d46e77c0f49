"""Where a named value is used: in documents of all APIs, of APIs, of operations; in settings of APIs and of back ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from django.db.models import Q, TextField
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apis.backends.models import BackEnd, BackEndPassword
from apis.models import Api, BasicCredentials, NamedValue, Operation, ServicePolicy
from apis.policy.references import names_in


class Part(Enum):
    """What of a place names a value; its value is what people call that."""

    POLICY = gettext_lazy("Policy")
    ADDRESS = gettext_lazy("Web service URL")
    ADDRESSES = gettext_lazy("Addresses")
    CREDENTIALS = gettext_lazy("HTTP basic")


@dataclass(frozen=True, slots=True)
class Use:
    """A text that names a value.

    :ivar place: what it is about; ``None``: all APIs
    """

    place: Api | Operation | BackEnd | None
    text: str
    part: Part = Part.POLICY

    @property
    def words(self) -> str:
        """What it is about, in words."""
        if self.place is None:
            return _("All APIs")
        if isinstance(self.place, Operation):
            return f"{self.place.api.display_name}: {self.place.display_name}"
        name = self.place.display_name
        return name if self.part is Part.POLICY else f"{name}: {self.part.value}"

    @property
    def url(self) -> str:
        """Where it is edited."""
        match self.place:
            case None:
                return reverse("policies:service")
            case Operation():
                return reverse("apis:operation_policy", kwargs={"name": self.place.api.name, "operation": self.place.name})
            case BackEnd():
                return reverse("backends:edit", kwargs={"name": self.place.name})
            case Api():
                return reverse(_TABS[self.part], kwargs={"name": self.place.name})


_TABS = {Part.POLICY: "apis:policy", Part.ADDRESS: "apis:settings", Part.CREDENTIALS: "apis:security"}


def uses_of(value: NamedValue) -> list[Use]:
    """Return what names *value*: documents, those of the widest scope first, then settings. Seven queries."""
    name = value.display_name
    return [use for use in (*_documents(name), *_of_apis(name), *_of_back_ends(name)) if name in names_in(use.text)]


def _documents(name: str) -> Iterator[Use]:
    if (document := ServicePolicy.current().document) and name in document:
        yield Use(None, document)
    for api in Api.objects.filter(document__contains=name).order_by("display_name", "name"):
        yield Use(api, api.document)
    operations = Operation.objects.filter(document__contains=name).select_related("api")
    for operation in operations.order_by("api__display_name", "api__name", "display_name"):
        yield Use(operation, operation.document)


def _of_apis(name: str) -> Iterator[Use]:
    for api in Api.objects.filter(written_url__contains=name).order_by("display_name", "name"):
        yield Use(api, api.written_url, Part.ADDRESS)
    for basic in BasicCredentials.objects.filter(_written(name)).select_related("api").order_by("api__display_name", "api__name"):
        yield Use(basic.api, basic.written, Part.CREDENTIALS)


def _of_back_ends(name: str) -> Iterator[Use]:
    rows = BackEnd.objects.annotate(lines=Cast("addresses", TextField()))
    for one in rows.filter(Q(spelled_url__contains=name) | Q(lines__contains=name)).order_by("name"):
        yield Use(one, "\n".join([one.spelled_url, *(str(address.get("written", "")) for address in one.addresses)]), Part.ADDRESSES)
    for basic in BackEndPassword.objects.filter(_written(name)).select_related("back_end").order_by("back_end__name"):
        yield Use(basic.back_end, basic.written, Part.CREDENTIALS)


def _written(name: str) -> Q:
    return Q(written_username__contains=name) | Q(written_password__contains=name)
