"""The kinds of entities that the published service has and this portal has not.

Tools list everything before they do anything, and tidy up what they have never made. So their collections are there and empty, none of
their entities is found, deleting one succeeds, and only making one is refused, by the name of its kind.
"""

from __future__ import annotations

from django.http import HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from rest.call import Call
from rest.collection import NO_CONTENT
from rest.entities.apis import Apis, current_revision
from rest.entities.operations import Operations
from rest.envelope import Fault, Invalid, MethodNotAllowed, NotFound, Refused

# Of the published specification, api-versions 2018-01-01 to 2025-03-01-preview. A kind may have gone or come in between.
OF_THE_SERVICE = (
    *("allPolicies", "apisByTags", "apiVersionSets", "authorizationProviders", "authorizationServers", "caches"),
    *("clientApplications", "contentTypes", "deletedServices", "diagnostics", "documentations", "eventGridFilters", "gateways"),
    *("groups", "identityProviders", "issues", "loggers", "notifications", "openidConnectProviders"),
    *("outboundNetworkDependenciesEndpoints", "policyDescriptions", "policyFragments", "policyRestrictions"),
    *("policySnippets", "portalConfigs", "portalRevisions", "portalSettings", "privateEndpointConnections"),
    *("privateLinkResources", "products", "productsByTags", "quotas", "regions", "reports", "schemas"),
    *("settings", "skus", "tagResources", "tags", "templates", "tenant", "users", "workspaceLinks", "workspaces"),
)
OF_AN_API = (
    *("diagnostics", "issues", "operationsByTags", "products", "releases", "resolvers", "schemas", "tagDescriptions", "tags", "wikis"),
)
OF_AN_OPERATION = ("tags",)
_LISTS_BY_NAME = ("reports",)  # their second word names another list, not an entity
_READS = ("GET", "HEAD")
_OF_ONE = 2  # words: a kind and an id
_ENTITY = (*_READS, "PUT", "PATCH", "DELETE")


class NobodyMay(Refused):
    """Nobody may do this here, whatever their role; clients go on without it."""

    status, code = 403, "AuthorizationFailed"


def answer_of_service(call: Call, path: str) -> HttpResponse:
    """Answer a call of what would lie directly below the service."""
    _check(call, path)
    return _answer(call, path)


def answer_of_api(call: Call, api: str, path: str) -> HttpResponse:
    """Answer a call of what would lie below an API.

    :raises NotFound: if there is no such API
    """
    _check(call, path)
    Apis(call).get(current_revision(api))
    return _answer(call, path)


def answer_of_operation(call: Call, api: str, operation: str, path: str) -> HttpResponse:
    """Answer a call of what would lie below an operation of an API.

    :raises NotFound: if there is no such API or operation
    """
    _check(call, path)
    Operations(call, api=api).get(operation)
    return _answer(call, path)


def answer_tenant(call: Call, path: str = "") -> HttpResponse:  # noqa: ARG001 - whatever follows
    """Refuse the service's own credentials: there are none, access tokens are made by people.

    :raises NobodyMay: always; some clients take no other refusal than this for "go on without"
    """
    call.require("apis.view_api")
    raise NobodyMay(_("This service has no credentials of its own; make an access token in the portal."))


def _is_list(words: list[str]) -> bool:
    """Tell whether an address of *words* (a kind, an id, a kind below it, and so on; an action may end it) is a list's."""
    return len(words) == 1 or (len(words) == _OF_ONE and words[0].lower() in _LISTS_BY_NAME)


def _check(call: Call, path: str) -> None:
    """Go on only if the address takes the method, and the caller may use it.

    :raises MethodNotAllowed: if it does not take it
    :raises Forbidden: if the caller may not
    """
    method, words = call.request.method or "", path.split("/")
    allowed = _READS if _is_list(words) else _ENTITY
    if method not in allowed and (method != "POST" or len(words) <= _OF_ONE):
        raise MethodNotAllowed(allowed)
    call.require({"PUT": "apis.change_api", "PATCH": "apis.change_api", "DELETE": "apis.delete_api"}.get(method, "apis.view_api"))


def _answer(call: Call, path: str) -> HttpResponse:
    method, words = call.request.method or "", path.split("/")
    if _is_list(words):
        return HttpResponse(content_type="application/json") if method == "HEAD" else _empty()
    if method in {"PUT", "PATCH"}:
        raise Invalid(Fault(words[0], _no_such_kind(words)))
    if method == "DELETE":
        return HttpResponse(status=NO_CONTENT)
    raise NotFound(_no_such_kind(words))


def _empty() -> HttpResponse:
    return JsonResponse({"value": [], "count": 0, "nextLink": None})


def _no_such_kind(words: list[str]) -> str:
    return _("This portal has no entities of the kind %(kind)s.") % {"kind": words[0]}
