"""What an API's policy document says in terms of its settings: credentials, browsers, callers' certificates, times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, assert_never

from django.conf import settings
from django.utils.translation import gettext as _

from apis.actions.apis import ApiSecurity
from apis.actions.callers import ApiCallers
from apis.actions.calls import ApiCalls
from apis.backends.leading import Lead
from apis.backends.models import BackEnd
from apis.callers import CallerCertificate, text_of
from apis.models import Api, BasicCredentials, Credentials
from apis.named_values.settings import Unusable, basic_of
from apis.policy import MASKED_PASSWORD
from apis.policy.model import (
    AuthenticationBasic,
    AuthenticationCertificate,
    Cors,
    ForwardRequest,
    Rule,
    SetBackendService,
    ValidateClientCertificate,
)
from apis.service_url import BadServiceUrl, check, refusals_of_resolved
from certificates.models import ClientCertificate
from certificates.sealing import Secret


class Unsuitable(Exception):
    """A document is well written and asks for what this API cannot have.

    :ivar element: the element at fault
    :ivar faults: sentences
    """

    def __init__(self, element: str, *faults: str) -> None:
        """Hold what is wrong."""
        super().__init__(" ".join(faults))
        self.element = element
        self.faults = faults


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiDraft:
    """The rules of a document as the actions take them."""

    security: ApiSecurity
    calls: ApiCalls
    callers: ApiCallers
    leads_to: Lead


def draft_of(rules: tuple[Rule, ...], api: Api) -> ApiDraft:
    """Return what *rules* mean for *api*; what documents do not hold stays.

    :raises Unsuitable: naming the element at fault
    """
    security = _with_trust_of(api, credentials=Credentials.NONE)
    calls = ApiCalls.of(api).without_rules()
    callers = _callers(None, api)
    leads_to = Lead()
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
                leads_to = _lead(rule)
            case ForwardRequest():
                calls = replace(calls, idle_seconds=rule.timeout_seconds)
            case _:
                assert_never(rule)
    if leads_to.back_end:
        _refuse_other_credentials(rules, security, leads_to.back_end)
    return ApiDraft(security=security, calls=calls, callers=callers, leads_to=leads_to)


def _lead(rule: SetBackendService) -> Lead:
    """Return where a document leads calls.

    :raises Unsuitable: if there is no such back end, or the address cannot be one
    """
    if rule.backend_id:
        if row := BackEnd.objects.select_related("certificate").filter(name__iexact=rule.backend_id).first():
            return Lead(back_end=row)
        raise Unsuitable("set-backend-service", _("There is no back end %(named)s.") % {"named": rule.backend_id})
    allowed = settings.ALLOWED_BACKEND_NETWORKS
    try:
        url = check(rule.base_url, allowed=allowed)
    except BadServiceUrl as refusal:
        raise Unsuitable("set-backend-service", *map(str, refusal.faults)) from refusal
    if refusals := refusals_of_resolved(url.host, allowed=allowed):
        raise Unsuitable("set-backend-service", *map(str, refusals))
    return Lead(base_url=url.text.rstrip("/"))


def _refuse_other_credentials(rules: tuple[Rule, ...], security: ApiSecurity, back_end: BackEnd) -> None:
    """Refuse credentials beside a back end that are not the back end's own.

    :raises Unsuitable: naming the element
    """
    same = _is_its_own(security, back_end)
    for element, kind in (("authentication-certificate", AuthenticationCertificate), ("authentication-basic", AuthenticationBasic)):
        if any(isinstance(rule, kind) for rule in rules) and not same:
            words = _("Credentials belong to the back end %(name)s; leave this out, or change it there.")
            raise Unsuitable(element, words % {"name": back_end.name})


def _is_its_own(security: ApiSecurity, back_end: BackEnd) -> bool:
    """Return whether credentials are those that *back_end* is shown anyway."""
    if security.credentials != back_end.proves_itself_by:
        return False
    if security.credentials == Credentials.BASIC:
        stored = back_end.password
        return stored.username == security.username and security.password in {None, stored.opened()}
    return security.certificate == back_end.certificate


def _callers(rule: ValidateClientCertificate | None, api: Api) -> ApiCallers:
    """Return who may call by *rule*. Documents name no authorities: those that the API has stay, or are forgotten with their use.

    :raises Unsuitable: if authorities are to be trusted and the API has none
    """
    hosts = tuple(api.hosts)
    if rule is None:
        return ApiCallers(hosts=hosts)
    if not rule.required:
        return ApiCallers(hosts=hosts, caller_certificate=CallerCertificate.PASSED_ON)
    if rule.trusted and not api.caller_authorities:
        words = _('This API has no authorities for callers. Name them on its Callers tab first, or write validate-trust="false".')
        raise Unsuitable("validate-client-certificate", words)
    return ApiCallers(
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

    :raises Unsuitable: if there is none, or id and thumbprint name different ones
    """
    entries = ClientCertificate.objects.filter(current__isnull=False)
    if rule.certificate_id:
        entries = entries.named(rule.certificate_id)
    if rule.thumbprint:
        entries = entries.filter(versions__thumbprint=rule.thumbprint)
    if entry := entries.first():
        return entry
    named = " ".join(one for one in (rule.certificate_id, rule.thumbprint) if one)
    raise Unsuitable("authentication-certificate", _("There is no client certificate %(named)s.") % {"named": named})


def _basic(rule: AuthenticationBasic, api: Api) -> ApiSecurity:
    """Return the security for a user name and password; the mask of a password means the one that is stored.

    :raises Unsuitable: if they cannot be sent as HTTP basic (RFC 7617), or none is stored
    """
    keep = rule.password.value.decode() == MASKED_PASSWORD
    faults = list(_faults_of(rule.username, None if keep else rule.password))
    if keep and not BasicCredentials.objects.filter(api=api).exists():
        faults.append(_("The password *** stands for the stored one, but none is stored."))
    if faults:
        raise Unsuitable("authentication-basic", *faults)
    return _with_trust_of(api, credentials=Credentials.BASIC, username=rule.username, password=None if keep else rule.password)


def _faults_of(username: str, password: Secret | None) -> Iterator[str]:
    try:
        basic_of(username, password)
    except Unusable as refusal:
        yield from dict.fromkeys(sentence for _field, sentence in refusal.faults)
