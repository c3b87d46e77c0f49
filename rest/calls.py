"""The addresses of the REST API, and what is done for each call before an entity's module sees it.

They are resolved by :mod:`rest.middleware`, not by the portal's own addresses: a call never meets sessions, cookies, form tokens or
the sign-in page.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import include, re_path
from django.utils import timezone
from django.utils.translation import gettext as _

from apis.actions import PasswordMissing
from apis.models import KeyKind
from certificates.sealing import SealingError
from portal.activity import acting_through
from portal.activity.refusals import note_refusal
from rest import envelope, life, openapi
from rest.authentication import authenticate
from rest.call import Call, Service
from rest.collection import Collection
from rest.deployments import answers as deployments
from rest.entities import absent, exports
from rest.entities.apis import Apis
from rest.entities.authorities import Authorities
from rest.entities.backends import BackEnds
from rest.entities.certificates import Certificates
from rest.entities.named_values import NamedValues, OlderProperties
from rest.entities.operations import Operations
from rest.entities.policies import OperationPolicies, Policies, ServicePolicies
from rest.entities.revisions import answer_revisions
from rest.entities.server_certificates import ServerCertificates
from rest.entities.service import answer_service, answer_services
from rest.entities.subscriptions import Subscriptions
from rest.envelope import Conflict, Fault, Forbidden, Invalid, MethodNotAllowed, NotFound, Refused
from rest.manager import metadata, tokens
from rest.manager import subscriptions as around
from rest.versions import ARM, DIRECT, Generation

View = Callable[..., HttpResponse]
Answer = Callable[..., HttpResponse]

_WRITES = frozenset({"PUT", "PATCH"})


def serve(answer: Answer, generation: Generation | None) -> View:
    """Return the view that knows the caller, checks service and api-version, and gives every refusal the published form.

    :param generation: which api-versions there are; ``None``: whatever the caller says
    """

    def view(request: HttpRequest, *, subscription: str = "", group: str = "", service: str = "", **names: str) -> HttpResponse:
        try:
            now = timezone.now()
            caller = authenticate(request, now=now)
            where = _service(subscription, group, service) if generation is ARM else Service("")
            version = generation.asked(request, today=now.date()) if generation else None
            with acting_through(caller.through):
                return _answer(answer, Call(request=request, caller=caller, service=where, now=now, version=version), **names)
        except Refused as refusal:
            return envelope.answer(refusal)
        except SealingError as damaged:
            return envelope.answer(Conflict(str(damaged)))
        except (ObjectDoesNotExist, PasswordMissing):  # from an action: somebody deleted it, or what it needs, since it was looked up
            return envelope.answer(Conflict(_("The entity was changed at the same moment. Read it and try again.")))

    return view


def _answer(answer: Answer, call: Call, **names: str) -> HttpResponse:
    """Answer; what the caller may not do is a line of the activity log."""
    try:
        return answer(call, **names)
    except Forbidden:
        note_refusal(call.request, call.user, now=call.now)
        raise


def _service(subscription: str, group: str, service: str) -> Service:
    if service.lower() != settings.PORTAL_SERVICE_NAME.lower():
        message = _("There is no service %(service)s in the resource group %(group)s.") % {"service": service, "group": group}
        raise NotFound(message)
    return Service(f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ApiManagement/service/{service}")


def _list(kind: type[Collection[Any, Any]]) -> Answer:
    return lambda call, **parents: kind(call, **parents).answer_collection()


def _one(kind: type[Collection[Any, Any]]) -> Answer:
    return lambda call, name, **parents: kind(call, **parents).answer_entity(name)


def _list_secrets(call: Call, name: str) -> HttpResponse:
    return Subscriptions(call).answer_list_secrets(name)


def _regenerate(kind: KeyKind) -> Answer:
    return lambda call, name: Subscriptions(call).answer_regenerate(name, kind)


def _refresh_secret(call: Call, name: str) -> HttpResponse:
    return Certificates(call).answer_refresh(name)


def _list_value(call: Call, name: str) -> HttpResponse:
    return NamedValues(call).answer_list_value(name)


def _refresh_value(call: Call, name: str) -> HttpResponse:
    return NamedValues(call).answer_refresh(name)


def _reconnect(call: Call, name: str) -> HttpResponse:
    return BackEnds(call).answer_reconnect(name)


def _below_an_api(call: Call, path: str) -> HttpResponse:
    """Answer what is not known below an API: nothing is there, and no API's name holds a slash."""
    if call.request.method in _WRITES:
        raise Invalid(Fault(Apis.id_name, _("“%(path)s” is no name, and nothing known below an API.") % {"path": path}))
    return _nothing(call)


def _nothing(_call: Call, **_names: str) -> HttpResponse:
    raise NotFound


def description(request: HttpRequest) -> HttpResponse:
    """Answer the OpenAPI document, to anybody: it holds nothing of this portal's."""
    if request.method not in {"GET", "HEAD"}:
        return envelope.answer(MethodNotAllowed(("GET", "HEAD")))
    return JsonResponse(openapi.document())


def bad_request(_request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django passes it by this name
    """400: the request itself is broken, or the host is not ours."""
    return envelope.enveloped(400, "BadRequest", _("The request could not be read."))


def not_found(_request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django passes it by this name
    """404: not even the form of the address is known."""
    return envelope.answer(NotFound())


def server_error(_request: HttpRequest) -> HttpResponse:
    """500: a mistake of ours; 503: the database is away."""
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):  # what Django calls this for
        response = envelope.enveloped(503, "ServiceUnavailable", _("The database does not answer, or takes no changes just now."))
        response["Retry-After"] = "5"
        return response
    return envelope.enveloped(500, "InternalServerError", _("The portal failed; its log says why."))


def _arm(pattern: str, answer: Answer) -> Any:
    """Return an address below the service; its words count in whatever case, as in all of the published service's."""
    return re_path(rf"^(?i:{pattern})\Z", serve(answer, ARM))


def _around(pattern: str, answer: Answer) -> Any:
    """Return an address around the service; the names in it are the answer's own."""

    def view(request: HttpRequest, **names: str) -> HttpResponse:
        return serve(lambda call, **_none: answer(call, **names), None)(request)

    return re_path(rf"^{pattern}\Z", view)


def _in_group(answer: Answer) -> Answer:
    """Return the answer to a call of what lies in a resource group, which is told to it as it stands in ids."""
    return lambda call, subscription, group, **names: answer(call, f"/subscriptions/{subscription}/resourceGroups/{group}", **names)


def _any_of(kinds: tuple[str, ...]) -> str:
    """Return what matches one of *kinds*, and whatever follows it."""
    return rf"(?P<path>(?:{'|'.join(kinds)})(?:/[^/]+)*)/?"


_API = r"apis/(?P<api>[^/]+)"
_arm_addresses = [
    _arm(r"certificates/?", _list(Certificates)),
    _arm(r"certificates/(?P<name>[^/]+)/refreshSecret", _refresh_secret),
    *life.addresses_of(Certificates, life.OF_CLIENT_CERTIFICATES, _arm),
    _arm(r"certificates/(?P<name>.+)", _one(Certificates)),
    _arm(r"apis/?", _list(Apis)),
    _arm(r"apis/(?P<name>[^/]+)", _one(Apis)),
    _arm(rf"{_API}/operations/?", _list(Operations)),
    _arm(rf"{_API}/operations/(?P<name>[^/]+)", _one(Operations)),
    _arm(rf"{_API}/policies/?", _list(Policies)),
    _arm(rf"{_API}/policies/(?P<name>[^/]+)", _one(Policies)),
    _arm(rf"{_API}/revisions/?", answer_revisions),
    _arm(rf"{_API}/operations/(?P<operation>[^/]+)/policies/?", _list(OperationPolicies)),
    _arm(rf"{_API}/operations/(?P<operation>[^/]+)/policies/(?P<name>[^/]+)", _one(OperationPolicies)),
    _arm(rf"{_API}/operations/(?P<operation>[^/]+)/{_any_of(absent.OF_AN_OPERATION)}", absent.answer_of_operation),
    _arm(rf"{_API}/{_any_of(absent.OF_AN_API)}", absent.answer_of_api),
    _arm(r"apis/(?P<path>.+)", _below_an_api),
    _arm(r"subscriptions/?", _list(Subscriptions)),
    _arm(r"subscriptions/(?P<name>[^/]+)/listSecrets", _list_secrets),
    _arm(r"subscriptions/(?P<name>[^/]+)/regeneratePrimaryKey", _regenerate(KeyKind.PRIMARY)),
    _arm(r"subscriptions/(?P<name>[^/]+)/regenerateSecondaryKey", _regenerate(KeyKind.SECONDARY)),
    _arm(r"subscriptions/(?P<name>.+)", _one(Subscriptions)),
    _arm(r"backends/?", _list(BackEnds)),
    _arm(r"backends/(?P<name>[^/]+)/reconnect", _reconnect),
    _arm(r"backends/(?P<name>.+)", _one(BackEnds)),
    _arm(r"trustedAuthorities/?", _list(Authorities)),
    *life.addresses_of(Authorities, life.OF_AUTHORITIES, _arm),
    _arm(r"trustedAuthorities/(?P<name>[^/]+)", _one(Authorities)),
    _arm(r"serverCertificates/?", _list(ServerCertificates)),
    *life.addresses_of(ServerCertificates, life.OF_CERTIFICATES, _arm),
    _arm(r"serverCertificates/(?P<name>[^/]+)", _one(ServerCertificates)),
    _arm(r"namedValues/?", _list(NamedValues)),
    _arm(r"namedValues/(?P<name>[^/]+)/listValue", _list_value),
    _arm(r"namedValues/(?P<name>[^/]+)/refreshSecret", _refresh_value),
    _arm(r"namedValues/(?P<name>[^/]+)", _one(NamedValues)),
    _arm(r"properties/?", _list(OlderProperties)),
    _arm(r"properties/(?P<name>[^/]+)/(?:listValue|listSecrets)", _list_value),
    _arm(r"properties/(?P<name>[^/]+)", _one(OlderProperties)),
    _arm(r"policies/?", _list(ServicePolicies)),
    _arm(r"policies/(?P<name>[^/]+)", _one(ServicePolicies)),
    *life.addresses_of_service(_arm),
    _arm(r"tenant/(?P<path>.+)", absent.answer_tenant),
    _arm(_any_of(absent.OF_THE_SERVICE), absent.answer_of_service),
    _arm(r".*", _nothing),
]
_BELOW, _PROVIDER = r"(?i:subscriptions)/[^/]+(?:/(?i:resourceGroups)/[^/]+)?", r"/(?i:providers/Microsoft\.ApiManagement/service)"
_SERVICE = rf"(?i:subscriptions)/(?P<subscription>[^/]+)/(?i:resourceGroups)/(?P<group>[^/]+){_PROVIDER}/(?P<service>[^/]+)/"

_SUBSCRIPTION = r"(?i:subscriptions)/(?P<subscription>[^/]+)"
_manager_addresses = [  # what lies around the service
    _around(r"(?i:tenants)/?", around.answer_tenants),
    _around(r"(?i:subscriptions)/?", around.answer_subscriptions),
    _around(rf"{_SUBSCRIPTION}/?", around.answer_subscription),
    _around(rf"{_SUBSCRIPTION}/(?i:resourceGroups)/?", around.answer_groups),
    _around(rf"{_SUBSCRIPTION}/(?i:resourceGroups)/(?P<group>[^/]+)/?", around.answer_group),
    _around(rf"{_SUBSCRIPTION}/(?i:providers/Microsoft\.ApiManagement)/?", around.answer_provider),
    _around(rf"{_SUBSCRIPTION}/(?i:providers/Microsoft\.ApiManagement/deletedServices)/?", around.answer_deleted_services),
]
_GROUP = rf"{_SUBSCRIPTION}/(?i:resourceGroups)/(?P<group>[^/]+)"
_DEPLOYMENTS = rf"{_GROUP}/(?i:providers/Microsoft\.Resources/deployments)"
_manager_addresses += [
    _around(rf"{_DEPLOYMENTS}/?", _in_group(deployments.answer_list)),
    _around(rf"{_DEPLOYMENTS}/(?P<name>[^/]+)", _in_group(deployments.answer_one)),
    _around(rf"{_DEPLOYMENTS}/(?P<name>[^/]+)/validate", _in_group(deployments.answer_validation)),
    _around(rf"{_DEPLOYMENTS}/(?P<name>[^/]+)/operations", _in_group(deployments.answer_operations)),
]
urlpatterns = [
    re_path(
        r"^(?i:management)/",
        include(
            [
                re_path(r"^openapi\.json\Z", description),
                re_path(r"^(?i:metadata/endpoints)/?\Z", metadata.endpoints),
                re_path(r"^exports/(?P<token>[^/]+)\Z", exports.download),
                re_path(rf"^(?P<below>{_BELOW}){_PROVIDER}/?\Z", serve(answer_services, None)),
                re_path(rf"^{_SERVICE.removesuffix('/')}/?\Z", serve(answer_service, ARM)),
                re_path(rf"^{_SERVICE}", include(_arm_addresses)),
                re_path(r"^(?i:certificates)/?\Z", serve(_list(Certificates), DIRECT)),
                re_path(r"^(?i:certificates)/(?P<name>.+)\Z", serve(_one(Certificates), DIRECT)),
                *_manager_addresses,
                re_path(r"", serve(_nothing, None)),
            ]
        ),
    ),
    re_path(r"^(?i:management)\Z", serve(_nothing, None)),
    re_path(
        r"^(?i:adfs)(?:/[^/]+){0,2}/\.well-known/openid-configuration\Z", metadata.openid_configuration
    ),  # of whatever tenant and version
    re_path(r"^(?i:adfs)/oauth2/token/?\Z", tokens.answer),
    re_path(r"^(?i:adfs)(?:/.*)?\Z", serve(_nothing, None)),
]
handler400 = "rest.calls.bad_request"
handler404 = "rest.calls.not_found"
handler500 = "rest.calls.server_error"
