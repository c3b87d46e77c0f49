"""The policy of an API, as a document: parsed into the same rules that the Security tab sets."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, ClassVar, assert_never

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from apis import actions
from apis.actions import ApiSecurity
from apis.backends.models import BackEnd
from apis.callers import CallerCertificate, text_of
from apis.calls import CorsChoice
from apis.forms import NOT_OVER_HTTP
from apis.models import Api, BasicCredentials, Credentials
from apis.policy import MASKED_PASSWORD, UnreadablePolicy, as_xml, parse
from apis.policy.model import (
    AuthenticationBasic,
    AuthenticationCertificate,
    Cors,
    ForwardRequest,
    Rule,
    SetBackendService,
    ValidateClientCertificate,
)
from certificates.models import ClientCertificate
from portal.live import Kind
from rest import etags
from rest.bodies import Properties
from rest.entities import remarks
from rest.entities.backends import checked_url
from rest.entities.parent import OfApi
from rest.envelope import Conflict, Fault, Invalid
from rest.models import Remarks
from rest.versions import POLICY_VALUE_SINCE

_NAME = "policy"
_FORMATS = ("xml", "rawxml")
_LONGEST_USERNAME = 255
_COMPUTED = re.compile(r"\{\{[\w.-]+\}\}|\A@[({]")  # a named value, an expression
_THUMBPRINT = re.compile(r' thumbprint="[0-9A-F]{40}"')
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyDraft:
    """What a document says, as the actions take it."""

    security: ApiSecurity
    calls: actions.ApiCalls
    callers: actions.ApiCallers
    leads_to: actions.Lead
    text: str = ""  # the document itself, unless it holds a secret


class Policies(OfApi[Api, PolicyDraft]):
    """The one policy that an API has once a client has put it, or once the API proves itself to its back end."""

    segment = "policies"
    id_name = "policyId"
    permission = "apis.{}_api"
    fields: ClassVar = {}
    entity_methods = ("GET", "HEAD", "PUT", "DELETE")
    live_kind = Kind.API

    def rows(self) -> QuerySet[Api]:
        """Return the API, if it has a policy."""
        related = ("certificate__current", "basic_credentials", "remarks", "back_end")
        says_something = ~Q(credentials=Credentials.NONE) | Q(idle_seconds__isnull=False) | Q(cors=CorsChoice.GATEWAY)
        says_something |= Q(own_url__isnull=False)
        says_something |= ~Q(caller_certificate=CallerCertificate.NONE)
        has_one = says_something | Q(remarks__has_policy=True)
        return Api.objects.filter(has_one, pk=self.api.pk).select_related(*related).prefetch_related("operations")

    def check_name(self, name: str) -> None:
        """Take the one name there is."""
        if name.lower() != _NAME:
            raise Invalid(Fault(self.id_name, _("The one policy of an API is named policy.")))

    def name_of(self, row: Api) -> str:  # noqa: ARG002 - of whatever API
        """Return the one name there is."""
        return _NAME

    def etag(self, row: Api) -> str:
        """Return the ETag; it changes with the certificate's versions too, whose thumbprint the document shows."""
        return etags.etag(row.pk, row.revision, row.certificate.revision if row.certificate else 0)

    def show(self, row: Api) -> dict[str, Any]:
        """Return the document as it was sent, if the API still does what it says; a password is masked."""
        value, wanted = self._names
        rendered = as_xml(row.policy())
        kept = (remarks.spelled(row, _NAME, meaning) for meaning in (rendered, _without_thumbprints(rendered)))
        shown = next((text for text in kept if text not in {rendered, _without_thumbprints(rendered)}), rendered)
        return {wanted: self._format(self.call.request.GET.get("format", "xml")), value: shown}

    @sensitive_variables()
    def read(self, sent: Properties, row: Api | None, *, whole: bool) -> PolicyDraft:  # noqa: ARG002 - a document is whole
        """Parse a document and look up what it names."""
        value, wanted = self._names
        self._format(sent.text(wanted, "xml"))
        text = sent.text(value, needed=True)
        sent.check()
        try:
            rules = parse(text)
        except UnreadablePolicy as refusal:
            raise Invalid(Fault(refusal.element, str(refusal))) from refusal
        return replace(_draft(rules, self.api), text="" if _tells_a_password(text) or _names_an_earlier_version(rules) else text)

    def create(self, name: str, draft: PolicyDraft) -> Api:  # noqa: ARG002 - there is one name
        """Give the API a policy."""
        return self.change(self.api, draft)

    def change(self, row: Api, draft: PolicyDraft) -> Api:
        """Do what the document says; how the API checks its back end, and what else documents do not hold, stays."""
        try:
            return self._apply(row, draft, has_policy=True)
        except actions.NotOverHttp as refusal:
            raise Invalid(
                Fault("set-backend-service" if draft.leads_to.base_url else "authentication-certificate", NOT_OVER_HTTP)
            ) from refusal
        except BackEnd.DoesNotExist as refusal:
            raise Conflict(_("The back end was deleted meanwhile.")) from refusal
        except actions.EditedMeanwhile as refusal:  # since it was read, a moment ago
            raise Conflict(str(refusal)) from refusal

    def remove(self, row: Api) -> None:
        """Let the API prove itself no more, and forward as usual."""
        self._apply(row, _draft((), row), has_policy=False)

    @transaction.atomic
    def _apply(self, row: Api, draft: PolicyDraft, *, has_policy: bool) -> Api:
        revision = self.api.revision if has_policy else None
        api = row
        if draft.leads_to != _led(row):
            api = actions.lead_api(row, draft.leads_to, revision=revision, by=self.call.user, now=self.call.now)
            revision = None
        if draft.leads_to.back_end is None:
            api = actions.secure_api(api, draft.security, revision=revision, by=self.call.user, now=self.call.now)
        if draft.calls != actions.ApiCalls.of(api):
            api = actions.change_calls(api, draft.calls, by=self.call.user, now=self.call.now)
        if draft.callers != actions.ApiCallers.of(api):
            api = actions.change_callers(api, draft.callers, by=self.call.user, now=self.call.now)
        Remarks.objects.update_or_create(api=api, defaults={"has_policy": has_policy})
        whole = Api.objects.select_related("certificate__current", "basic_credentials", "remarks", "back_end").get(pk=api.pk)
        rendered = as_xml(whole.policy())
        remarks.spell(whole, _NAME, draft.text, rendered if "thumbprint" in draft.text else _without_thumbprints(rendered))
        return api

    @property
    def _names(self) -> tuple[str, str]:
        """What the document and its format are called, in the version that is spoken."""
        older = self.call.version is not None and self.call.version < POLICY_VALUE_SINCE
        return ("policyContent", "contentFormat") if older else ("value", "format")

    def _named(self, rows: QuerySet[Api], name: str) -> QuerySet[Api]:  # noqa: ARG002 - there is one name
        return rows

    def _format(self, wanted: str) -> str:
        if wanted not in _FORMATS:
            raise Invalid(Fault("format", _("The format is one of %(formats)s.") % {"formats": ", ".join(_FORMATS)}))
        return wanted


def _without_thumbprints(rendered: str) -> str:
    """Return what a document means that names a certificate by id only: whatever its version."""
    return _THUMBPRINT.sub("", rendered)


def _names_an_earlier_version(rules: tuple[Rule, ...]) -> bool:
    named = {rule.thumbprint for rule in rules if isinstance(rule, AuthenticationCertificate) and rule.thumbprint}
    return ClientCertificate.objects.filter(current__thumbprint__in=named).count() < len(named)


def _tells_a_password(text: str) -> bool:
    """Tell whether a document may hold a password, be it in a comment; then it is not kept as it is."""
    return "password" in text.lower().replace(f'password="{MASKED_PASSWORD}"', "")


def _draft(rules: tuple[Rule, ...], api: Api) -> PolicyDraft:
    security = _with_trust_of(api, credentials=Credentials.NONE)
    calls = actions.ApiCalls.of(api).without_rules()
    callers = _callers(None, api)
    leads_to = _lead(rules)
    for rule in rules:
        match rule:
            case AuthenticationCertificate():
                security = _with_trust_of(api, credentials=Credentials.CLIENT_CERTIFICATE, certificate=_entry(rule))
            case AuthenticationBasic():
                security = _basic(rule, api)
            case Cors():
                calls = calls.with_cors(rule)
            case ValidateClientCertificate():
                callers = _callers(rule, api)
            case SetBackendService():
                pass  # said already
            case ForwardRequest():
                calls = replace(calls, idle_seconds=rule.timeout_seconds)
            case _:
                assert_never(rule)
    if leads_to.back_end:
        _refuse_other_credentials(rules, security, leads_to.back_end)
    return PolicyDraft(security=security, calls=calls, callers=callers, leads_to=leads_to)


def _lead(rules: tuple[Rule, ...]) -> actions.Lead:
    """Return where a document leads calls.

    :raises Invalid: if there is no such back end, or the address cannot be one
    """
    rule = next((rule for rule in rules if isinstance(rule, SetBackendService)), None)
    if rule is None:
        return actions.Lead()
    if rule.backend_id:
        if row := BackEnd.objects.select_related("certificate").filter(name__iexact=rule.backend_id).first():
            return actions.Lead(back_end=row)
        raise Invalid(Fault("set-backend-service", _("There is no back end %(named)s.") % {"named": rule.backend_id}))
    sent = Properties({"url": rule.base_url})
    url = checked_url(sent, "")
    if sent.faults:
        raise Invalid(*(Fault("set-backend-service", fault.message) for fault in sent.faults))
    return actions.Lead(base_url=url)


def _led(api: Api) -> actions.Lead:
    return actions.Lead(back_end=api.back_end, base_url=api.base_url)


def _refuse_other_credentials(rules: tuple[Rule, ...], security: ApiSecurity, back_end: BackEnd) -> None:
    """Refuse credentials beside a back end that are not the back end's own.

    :raises Invalid: naming the element
    """
    same = security.certificate is not None and security.certificate.pk == back_end.certificate_id
    for element, kind in (("authentication-certificate", AuthenticationCertificate), ("authentication-basic", AuthenticationBasic)):
        if any(isinstance(rule, kind) for rule in rules) and not same:
            words = _("Credentials belong to the back end %(name)s; leave this out, or change it there.")
            raise Invalid(Fault(element, words % {"name": back_end.name}))


def _callers(rule: ValidateClientCertificate | None, api: Api) -> actions.ApiCallers:
    """Return who may call by *rule*. Documents name no authorities: those that the API has stay, or are forgotten with their use.

    :raises Invalid: if authorities are to be trusted and the API has none
    """
    hosts = tuple(api.hosts)
    if rule is None:
        return actions.ApiCallers(hosts=hosts)
    if not rule.required:
        return actions.ApiCallers(hosts=hosts, caller_certificate=CallerCertificate.PASSED_ON)
    if rule.trusted and not api.caller_authorities:
        words = _('This API has no authorities for callers. Name them on its Callers tab first, or write validate-trust="false".')
        raise Invalid(Fault("validate-client-certificate", words))
    return actions.ApiCallers(
        hosts=hosts,
        caller_certificate=CallerCertificate.REQUIRED,
        caller_authorities=api.caller_authorities if rule.trusted else "",
        caller_identities=tuple(text_of(identity) for identity in rule.identities),
    )


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
