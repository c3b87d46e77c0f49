"""Policies as documents: of all APIs, of an API, of an operation."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any, ClassVar, TypeVar

from django.db import models
from django.db.models import Q, QuerySet, Value
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from apis import actions
from apis.backends.models import BackEnd
from apis.callers import CallerCertificate
from apis.calls import CorsChoice
from apis.forms import NOT_OVER_HTTP
from apis.models import Api, Credentials, Operation, ServicePolicy
from apis.policies.actions import put_api_document, put_operation_document, put_service_document
from apis.policies.checking import Place, checked
from apis.policies.own import own_document
from apis.policies.proving import Unsuitable
from apis.policies.words import in_words
from apis.policy import UnreadablePolicy
from portal.live import Kind
from rest import etags
from rest.bodies import Properties
from rest.collection import Collection
from rest.entities.operations import Operations
from rest.entities.parent import OfApi
from rest.envelope import Conflict, Fault, Invalid
from rest.models import Remarks
from rest.versions import POLICY_VALUE_SINCE

_NAME = "policy"
_FORMATS = ("xml", "rawxml")
Row = TypeVar("Row", bound=models.Model)


class _Policies(Collection[Row, str]):
    """The one policy that something has, once it has one."""

    segment = "policies"
    id_name = "policyId"
    permission = "apis.{}_api"
    fields: ClassVar = {}
    entity_methods = ("GET", "HEAD", "PUT", "DELETE")
    ordered_by = "shown_name"

    def listed(self) -> QuerySet[Row]:
        """Return the policy with its one name, which its row does not have, for lists in pages."""
        return self.rows().annotate(shown_name=Value(_NAME))  # type: ignore[return-value]  # which model, a type variable does not say

    @abstractmethod
    def document(self, row: Row) -> str:
        """Return the document as it is shown."""

    @abstractmethod
    def place(self) -> Place:
        """Return what the document is about."""

    def check_name(self, name: str) -> None:
        """Take the one name there is."""
        if name.lower() != _NAME:
            raise Invalid(Fault(self.id_name, _("The one policy of an API is named policy.")))

    def name_of(self, row: Row) -> str:  # noqa: ARG002 - of whatever
        """Return the one name there is."""
        return _NAME

    def show(self, row: Row) -> dict[str, Any]:
        """Return the document as it was sent, if it still means the same; a password is masked."""
        value, wanted = self._names
        return {wanted: self._format(self.call.request.GET.get("format", "xml")), value: self.document(row)}

    @sensitive_variables()
    def read(self, sent: Properties, row: Row | None, *, whole: bool) -> str:  # noqa: ARG002 - a document is whole
        """Return the document that was sent, once it can be taken."""
        value, wanted = self._names
        self._format(sent.text(wanted, "xml"))
        text = sent.text(value, needed=True)
        sent.check()
        with refusals():
            checked(text, self.place())
        return text

    @property
    def _names(self) -> tuple[str, str]:
        """What the document and its format are called, in the version that is spoken."""
        older = self.call.version is not None and self.call.version < POLICY_VALUE_SINCE
        return ("policyContent", "contentFormat") if older else ("value", "format")

    def _named(self, rows: QuerySet[Row], name: str) -> QuerySet[Row]:  # noqa: ARG002 - there is one name
        return rows

    def _format(self, wanted: str) -> str:
        if wanted not in _FORMATS:
            raise Invalid(Fault("format", _("The format is one of %(formats)s.") % {"formats": ", ".join(_FORMATS)}))
        return wanted


class Policies(OfApi[Api, str], _Policies[Api]):
    """The policy that an API has once a client has put it, or once its settings say what a policy would."""

    live_kind = Kind.API

    def rows(self) -> QuerySet[Api]:
        """Return the API, if it has a policy."""
        related = ("certificate__current", "basic_credentials", "sharedsecret", "oauthclient__token_authority", "remarks", "back_end")
        says_something = ~Q(credentials=Credentials.NONE) | Q(idle_seconds__isnull=False) | Q(cors=CorsChoice.GATEWAY)
        says_something |= ~Q(caller_certificate=CallerCertificate.NONE) | ~Q(document="")
        says_something |= Q(own_url__isnull=False)
        has_one = says_something | Q(remarks__has_policy=True)
        return Api.objects.filter(has_one, pk=self.api.pk).select_related(*related).prefetch_related("operations")

    def place(self) -> Api:
        """Return the API."""
        return self.api

    def document(self, row: Api) -> str:
        """Return the API's own document."""
        return own_document(row)

    def etag(self, row: Api) -> str:
        """Return the ETag; it changes with the certificate's versions too, whose thumbprint the document shows."""
        return etags.etag(row.pk, row.revision, row.certificate.revision if row.certificate else 0)

    def create(self, name: str, draft: str) -> Api:  # noqa: ARG002 - there is one name
        """Give the API a policy."""
        return self.change(self.api, draft)

    def change(self, row: Api, draft: str) -> Api:
        """Do what the document says; how the API checks its back end, and what else documents do not hold, stays."""
        with refusals():
            api = put_api_document(row, draft, revision=self.api.revision, by=self.call.user, now=self.call.now)
        Remarks.objects.update_or_create(api=api, defaults={"has_policy": True})
        return api

    def remove(self, row: Api) -> None:
        """Let the API prove itself no more, and forward as usual."""
        put_api_document(row, "", by=self.call.user, now=self.call.now)
        Remarks.objects.update_or_create(api=row, defaults={"has_policy": False})


class OperationPolicies(OfApi[Operation, str], _Policies[Operation]):
    """The policy of an operation, once it has one."""

    permission = "apis.{}_operation"

    @cached_property
    def operation(self) -> Operation:
        """The operation.

        :raises rest.envelope.NotFound: if there is none of the name
        """
        return Operations(self.call, api=self.parents["api"]).get(self.parents["operation"])

    def rows(self) -> QuerySet[Operation]:
        """Return the operation, if it has a policy."""
        return Operation.objects.filter(pk=self.operation.pk).exclude(document="").select_related("api")

    def path_of(self, name: str) -> tuple[str, ...]:
        """Return the words of its address."""
        return ("apis", self.api.name, "operations", self.operation.name, self.segment, name)

    def place(self) -> Operation:
        """Return the operation."""
        return self.operation

    def document(self, row: Operation) -> str:
        """Return its document."""
        return row.document

    def etag(self, row: Operation) -> str:
        """Return the ETag."""
        return etags.etag(row.pk, row.revision)

    def create(self, name: str, draft: str) -> Operation:  # noqa: ARG002 - there is one name
        """Give the operation a policy."""
        return self.change(self.operation, draft)

    def change(self, row: Operation, draft: str) -> Operation:
        """Change its policy."""
        with refusals():
            return put_operation_document(row, draft, by=self.call.user, now=self.call.now)

    def remove(self, row: Operation) -> None:
        """Let the operation have the API's policy."""
        put_operation_document(row, "", by=self.call.user, now=self.call.now)


class ServicePolicies(_Policies[ServicePolicy]):
    """The policy around those of all APIs, once there is one."""

    def rows(self) -> QuerySet[ServicePolicy]:
        """Return it, if there is one."""
        return ServicePolicy.objects.exclude(document="").order_by("pk")

    def place(self) -> None:
        """Return nothing: it is about all APIs."""

    def document(self, row: ServicePolicy) -> str:
        """Return it."""
        return row.document

    def etag(self, row: ServicePolicy) -> str:
        """Return the ETag."""
        return etags.etag(row.pk, row.revision)

    def create(self, name: str, draft: str) -> ServicePolicy:  # noqa: ARG002 - there is one name
        """Let it stand around all APIs' policies."""
        with refusals():
            return put_service_document(draft, by=self.call.user, now=self.call.now)

    def change(self, row: ServicePolicy, draft: str) -> ServicePolicy:  # noqa: ARG002 - there is one
        """Change it."""
        return self.create(_NAME, draft)

    def remove(self, row: ServicePolicy) -> None:  # noqa: ARG002 - there is one
        """Let nothing stand around them."""
        put_service_document("", by=self.call.user, now=self.call.now)


@contextmanager
def refusals() -> Iterator[None]:
    """Make answers of why a document is not taken.

    :raises Invalid: naming the element
    :raises Conflict: if the API was changed at the same moment
    """
    try:
        yield
    except UnreadablePolicy as refusal:
        raise Invalid(Fault(refusal.element, in_words(refusal.sentence))) from refusal
    except Unsuitable as refusal:
        raise Invalid(*(Fault(refusal.element, fault) for fault in refusal.faults)) from refusal
    except actions.NotOverHttp as refusal:
        raise Invalid(Fault("authentication-certificate", NOT_OVER_HTTP)) from refusal
    except BackEnd.DoesNotExist as refusal:
        raise Conflict(_("The back end was deleted meanwhile.")) from refusal
    except actions.EditedMeanwhile as refusal:  # since it was read, a moment ago
        raise Conflict(str(refusal)) from refusal
