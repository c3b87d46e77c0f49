"""What an API's policy document says in terms of its settings: credentials, browsers, callers' certificates, times."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import assert_never

from django.conf import settings
from django.utils.translation import gettext as _

from apis.actions.apis import ApiSecurity
from apis.actions.callers import ApiCallers
from apis.actions.calls import ApiCalls
from apis.backends.leading import Lead
from apis.backends.models import BackEnd
from apis.callers import CallerCertificate, text_of
from apis.credentials.keeping import is_stored
from apis.models import Api, Credentials
from apis.policies.proving import ELEMENTS, Unsuitable, security_of
from apis.policy.model import (
    AuthenticationBasic,
    AuthenticationCertificate,
    Cors,
    ForwardRequest,
    Rule,
    SetBackendService,
    ValidateClientCertificate,
)
from apis.policy.oauth import AuthenticationOAuth2
from apis.policy.proofs import AuthenticationSharedSecret
from apis.service_url import BadServiceUrl, check, refusals_of_resolved


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
    leads_to = next((_lead(rule) for rule in rules if isinstance(rule, SetBackendService)), Lead())
    security = security_of(rules, api, _holder(leads_to, api))
    calls = ApiCalls.of(api).without_rules()
    callers = _callers(None, api)
    for rule in rules:
        match rule:
            case AuthenticationCertificate() | AuthenticationBasic() | AuthenticationSharedSecret() | AuthenticationOAuth2():
                pass  # taken together
            case SetBackendService():
                pass  # taken first
            case Cors():
                calls = calls.with_cors(rule)
            case ValidateClientCertificate():
                callers = _callers(rule, api)
            case ForwardRequest():
                calls = replace(calls, idle_seconds=rule.timeout_seconds)
            case _:
                assert_never(rule)
    if leads_to.back_end:
        _refuse_other_credentials(rules, security, leads_to.back_end)
    return ApiDraft(security=security, calls=calls, callers=callers, leads_to=leads_to)


def _holder(leads_to: Lead, api: Api) -> Api | BackEnd:
    """Return whose secrets masks stand for. What an API has of a back end does not stay with it when it leaves."""
    return leads_to.back_end or (BackEnd() if api.back_end else api)


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
    if _is_its_own(security, back_end):
        return
    for rule in rules:
        if element := ELEMENTS.get(type(rule)):
            words = _("Credentials belong to the back end %(name)s; leave this out, or change it there.")
            raise Unsuitable(element, words % {"name": back_end.name})


def _is_its_own(security: ApiSecurity, back_end: BackEnd) -> bool:
    """Return whether credentials are those that *back_end* is shown anyway."""
    if security.credentials != back_end.proves_itself_by:
        return False
    if security.proof and not is_stored(back_end, security.proof):
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
