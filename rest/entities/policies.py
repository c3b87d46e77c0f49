"""The policy of an API, as a document: parsed into the same rules that the Security tab sets."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from apis import actions
from apis.actions import ApiSecurity
from apis.forms import NOT_OVER_HTTP
from apis.models import Api, BasicCredentials, Credentials
from apis.policy import MASKED_PASSWORD, UnreadablePolicy, as_xml, parse
from apis.policy.model import AuthenticationBasic, AuthenticationCertificate, Rule
from certificates.models import ClientCertificate
from portal.live import Kind
from rest import etags
from rest.bodies import Properties
from rest.entities.parent import OfApi
from rest.envelope import Conflict, Fault, Invalid
from rest.models import Remarks

_NAME = "policy"
_FORMATS = ("xml", "rawxml")
_LONGEST_USERNAME = 255
_COMPUTED = re.compile(r"\{\{[\w.-]+\}\}|\A@[({]")  # a named value, an expression
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Policies(OfApi[Api, ApiSecurity]):
    """The one policy that an API has once a client has put it, or once the API proves itself to its back end."""

    segment = "policies"
    id_name = "policyId"
    permission = "apis.{}_api"
    fields: ClassVar = {}
    entity_methods = ("GET", "HEAD", "PUT", "DELETE")
    live_kind = Kind.API

    def rows(self) -> QuerySet[Api]:
        """Return the API, if it has a policy."""
        related = ("certificate__current", "basic_credentials")
        has_one = ~Q(credentials=Credentials.NONE) | Q(remarks__has_policy=True)
        return Api.objects.filter(has_one, pk=self.api.pk).select_related(*related).prefetch_related("operations")

    def check_name(self, name: str) -> None:
        """Take the one name there is."""
        if name != _NAME:
            raise Invalid(Fault(self.id_name, _("The one policy of an API is named policy.")))

    def name_of(self, row: Api) -> str:  # noqa: ARG002 - of whatever API
        """Return the one name there is."""
        return _NAME

    def etag(self, row: Api) -> str:
        """Return the ETag; it changes with the certificate's versions too, whose thumbprint the document shows."""
        return etags.etag(row.pk, row.revision, row.certificate.revision if row.certificate else 0)

    def show(self, row: Api) -> dict[str, Any]:
        """Return the document; a password is masked."""
        return {"format": self._format(self.call.request.GET.get("format", "xml")), "value": as_xml(row.policy())}

    @sensitive_variables()
    def read(self, sent: Properties, row: Api | None, *, whole: bool) -> ApiSecurity:  # noqa: ARG002 - a document is whole
        """Parse a document and look up what it names."""
        self._format(sent.text("format", "xml"))
        text = sent.text("value", needed=True)
        sent.check()
        try:
            rules = parse(text)
        except UnreadablePolicy as refusal:
            raise Invalid(Fault(refusal.element, str(refusal))) from refusal
        return _security(rules[0] if rules else None, self.api)

    def create(self, name: str, draft: ApiSecurity) -> Api:  # noqa: ARG002 - there is one name
        """Give the API a policy."""
        return self.change(self.api, draft)

    def change(self, row: Api, draft: ApiSecurity) -> Api:
        """Set how the API proves itself to its back end; how it checks the back end stays."""
        try:
            api = actions.secure_api(row, draft, revision=self.api.revision, by=self.call.user, now=self.call.now)
        except actions.NotOverHttp as refusal:
            raise Invalid(Fault("authentication-certificate", NOT_OVER_HTTP)) from refusal
        except actions.EditedMeanwhile as refusal:  # since it was read, a moment ago
            raise Conflict(str(refusal)) from refusal
        Remarks.objects.update_or_create(api=api, defaults={"has_policy": True})
        return api

    def remove(self, row: Api) -> None:
        """Let the API prove itself no more."""
        actions.secure_api(row, _with_trust_of(row, credentials=Credentials.NONE), by=self.call.user, now=self.call.now)
        Remarks.objects.filter(api=row).update(has_policy=False)

    def _named(self, rows: QuerySet[Api], name: str) -> QuerySet[Api]:  # noqa: ARG002 - there is one name
        return rows

    def _format(self, wanted: str) -> str:
        if wanted not in _FORMATS:
            raise Invalid(Fault("format", _("The format is one of %(formats)s.") % {"formats": ", ".join(_FORMATS)}))
        return wanted


def _security(rule: Rule | None, api: Api) -> ApiSecurity:
    match rule:
        case None:
            return _with_trust_of(api, credentials=Credentials.NONE)
        case AuthenticationCertificate():
            return _with_trust_of(api, credentials=Credentials.CLIENT_CERTIFICATE, certificate=_entry(rule))
        case AuthenticationBasic():
            return _basic(rule, api)


def _with_trust_of(api: Api, **changes: Any) -> ApiSecurity:
    return ApiSecurity(
        validate_certificate_chain=api.validate_certificate_chain,
        validate_certificate_name=api.validate_certificate_name,
        trusted_ca=api.trusted_ca,
        **changes,
    )


def _entry(rule: AuthenticationCertificate) -> ClientCertificate:
    """Return the entry that a rule names. A thumbprint may be that of an earlier version: the entry is what is bound.

    :raises Invalid: if there is none, or id and thumbprint name different ones
    """
    entries = ClientCertificate.objects.filter(current__isnull=False)
    if rule.certificate_id:
        entries = entries.named(rule.certificate_id)
    if rule.thumbprint:
        entries = entries.filter(versions__thumbprint=rule.thumbprint)
    if entry := entries.first():
        return entry
    named = " ".join(one for one in (rule.certificate_id, rule.thumbprint) if one)
    raise Invalid(Fault("authentication-certificate", _("There is no client certificate %(named)s.") % {"named": named}))


def _basic(rule: AuthenticationBasic, api: Api) -> ApiSecurity:
    """Return the security for a user name and password; the mask of a password means the one that is stored.

    :raises Invalid: if they cannot be sent as HTTP basic (RFC 7617), or none is stored
    """
    password, keep = rule.password.value.decode(), rule.password.value.decode() == MASKED_PASSWORD
    faults = []
    if not rule.username or ":" in rule.username or len(rule.username) > _LONGEST_USERNAME:
        faults.append(_("A user name for HTTP basic has 1 to 255 characters and no colon."))
    if _CONTROL.search(rule.username) or _CONTROL.search(password):
        faults.append(_("Control characters cannot be sent."))
    if _COMPUTED.search(rule.username) or _COMPUTED.search(password):
        faults.append(_("There are neither named values ({{…}}) nor expressions (@…) here; write the value itself."))
    if keep and not BasicCredentials.objects.filter(api=api).exists():
        faults.append(_("The password *** stands for the stored one, but none is stored."))
    if faults:
        raise Invalid(*(Fault("authentication-basic", fault) for fault in faults))
    return _with_trust_of(api, credentials=Credentials.BASIC, username=rule.username, password=None if keep else rule.password)
