"""The paths of the document, made from the kinds of entities, so that neither can be forgotten."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings

from rest import paging, versions
from rest.collection import Collection
from rest.entities.apis import Apis
from rest.entities.authorities import Authorities
from rest.entities.backends import BackEnds
from rest.entities.certificates import Certificates
from rest.entities.named_values import NamedValues, OlderProperties
from rest.entities.operations import Operations
from rest.entities.policies import OperationPolicies, Policies, ServicePolicies
from rest.entities.server_certificates import ServerCertificates
from rest.entities.subscriptions import Subscriptions
from rest.openapi import life, life_schemas
from rest.openapi.schemas import components, reference

Document = dict[str, Any]

_ARM_PREFIX = (
    "/management/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.ApiManagement/service/{serviceName}"
)
_ARM_VERSIONS = [
    *("2018-01-01", "2018-06-01-preview", "2019-01-01", "2019-12-01", "2020-06-01-preview", "2020-12-01", "2021-01-01-preview"),
    *("2021-04-01-preview", "2021-08-01", "2021-12-01-preview", "2022-04-01-preview", "2022-08-01", "2022-09-01-preview"),
    *("2023-03-01-preview", "2023-05-01-preview", "2023-09-01-preview", "2024-05-01", "2024-06-01-preview", "2024-10-01-preview"),
    "2025-03-01-preview",
]
_DIRECT_VERSIONS = ["2014-02-14", "2015-09-15", "2016-07-07", "2016-10-10", "2017-03-01"]
_NAME = r"^[^*#&+:<>?/\s.][^*#&+:<>?/\u0000-\u001f]{0,79}$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of entity as the document tells of it."""

    collection: type[Collection[Any, Any]]
    schema: str
    plural: str
    within: str = ""  # the address of the parent
    actions: tuple[str, ...] = ()  # what an entity of it is asked for by POST

    @property
    def path(self) -> str:
        """The address of the collection, below the service."""
        return f"{self.within}/{self.collection.segment}"

    @property
    def parents(self) -> list[str]:
        """The names of the ids in the address of the parent."""
        return _ID.findall(self.within)


_ID = re.compile(r"\{(\w+)\}")
_OPERATION = "/apis/{apiId}/operations/{operationId}"
KINDS = (
    Kind(collection=Certificates, schema="Certificate", plural="Certificates", actions=("refreshSecret",)),
    Kind(collection=Apis, schema="Api", plural="APIs"),
    Kind(collection=Operations, schema="Operation", plural="Operations", within="/apis/{apiId}"),
    Kind(collection=Policies, schema="Policy", plural="Policies", within="/apis/{apiId}"),
    Kind(collection=OperationPolicies, schema="Policy", plural="OperationPolicies", within=_OPERATION),
    Kind(collection=ServicePolicies, schema="Policy", plural="ServicePolicies"),
    Kind(collection=NamedValues, schema="NamedValue", plural="NamedValues", actions=("listValue", "refreshSecret")),
    Kind(collection=OlderProperties, schema="NamedValue", plural="OlderProperties", actions=("listValue", "listSecrets")),
    Kind(
        collection=Subscriptions,
        schema="Subscription",
        plural="Subscriptions",
        actions=("listSecrets", "regeneratePrimaryKey", "regenerateSecondaryKey"),
    ),
    Kind(collection=BackEnds, schema="Backend", plural="Backends", actions=("reconnect",)),
    Kind(collection=Authorities, schema="Authority", plural="TrustedAuthorities"),
    Kind(collection=ServerCertificates, schema="Certificate", plural="ServerCertificates"),
)

_WITH_A_LIFE = ("Certificate", "Authority")


@cache
def document() -> Document:
    """Return the document; it holds nothing of this portal's but the name of the service."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Management REST API",
            "version": versions.NEWEST.isoformat(),
            "description": "Certificates, APIs, back ends, named values, policies and subscriptions, in the form that published"
            " API Management clients speak.",
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": _paths(),
        "components": {
            "schemas": components() | life_schemas.components(),
            "parameters": _parameters(),
            "responses": {"Refused": _response("Refused; the body says why.", "Error")},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "An access token of the portal."},
                "signature": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "SharedAccessSignature uid={id}&ex={moment}&sn={signature}, of a shared access of the portal.",
                },
            },
        },
    }


def _paths() -> Document:
    paths: Document = {}
    common = _common("subscriptionId", "resourceGroupName", "serviceName", "api-version")
    for kind in KINDS:
        parents = [*common, *_common(*kind.parents)]
        paths[f"{_ARM_PREFIX}{kind.path}"] = {"parameters": parents, "get": _list(kind, f"{kind.schema}Page")}
        entity = {"parameters": [*parents, *_common(kind.collection.id_name)], **_entity(kind)}
        address = f"{_ARM_PREFIX}{kind.path}/{{{kind.collection.id_name}}}"
        paths[address] = entity
        paths |= {f"{address}/{verb}": {"parameters": entity["parameters"], "post": _action(kind, verb)} for verb in kind.actions}
        if kind.schema in _WITH_A_LIFE:
            for below, described in life.addresses_below(schema=kind.schema, plural=kind.plural).items():
                paths[f"{address}/{below}"] = {**described, "parameters": [*entity["parameters"], *described.get("parameters", [])]}
    for path, described in life.addresses_of_service().items():
        paths[f"{_ARM_PREFIX}/{path}"] = {**described, "parameters": [*common, *described.get("parameters", [])]}
    answers = {"200": _response("It is there.", "Service"), **_refused()}
    of_service = {"operationId": "Service_get", "tags": ["Service"], "responses": answers}
    paths[_ARM_PREFIX] = {"parameters": common, "get": of_service}
    return paths | _direct_paths()


def _action(kind: Kind, verb: str) -> Document:
    """Return what an entity answers when it is asked for something; what is refused of every entity has no answer but that."""
    shows = _response("Both keys.", "Keys") if kind.schema == "Subscription" else _response("The value, a secret's too.", "Value")
    answers = {
        "listSecrets": {"200": shows},
        "listValue": {"200": shows},
        "regeneratePrimaryKey": {"204": {"description": "There is a new key."}},
        "regenerateSecondaryKey": {"204": {"description": "There is a new key."}},
    }
    return {"operationId": f"{kind.plural}_{verb}", "tags": [kind.plural], "responses": answers.get(verb, {}) | _refused()}


def _direct_paths() -> Document:
    kind = Kind(collection=Certificates, schema="FlatCertificate", plural="OlderCertificates")
    signed: Document = {"security": [{"signature": []}, {"token": []}]}
    version = _common("older-api-version")
    entity = {method: operation | signed for method, operation in _entity(kind, condition="If-Match-needed").items()}
    return {
        "/management/certificates": {"parameters": version, "get": _list(kind, "FlatCertificatePage") | signed},
        "/management/certificates/{certificateId}": {"parameters": [*version, *_common("certificateId")], **entity},
    }


def _list(kind: Kind, schema: str) -> Document:
    asked = ", ".join([*kind.collection.fields, *kind.collection.shown_only]) or "nothing"
    return {
        "operationId": f"{kind.plural}_list",
        "tags": [kind.plural],
        "description": f"$filter may ask for: {asked}.",
        "parameters": _common("$filter", "$top", "$skip"),
        "responses": {"200": _response("One page.", schema), **_refused()},
    }


def _entity(kind: Kind, *, condition: str = "If-Match") -> Document:
    """Return the operations on one entity, those that its kind takes."""
    shown = _response("The entity.", kind.schema, headers={"ETag": {"schema": {"type": "string"}}})
    put = {"200": shown, "201": shown}
    deleted = {str(kind.collection.deleted_status): {"description": "It is deleted."}, "204": {"description": "It is not there."}}
    operations: Document = {
        "get": {"parameters": _common("If-None-Match"), "responses": {"200": shown, "304": {"description": "As you know it."}}},
        "head": {"responses": {"200": {"description": "It is there."}, "304": {"description": "As you know it."}}},
        "put": {
            "parameters": _common("If-Match", "If-None-Match"),
            "requestBody": _body(f"{kind.schema}Sent"),
            "responses": put,
        },
        "patch": {"parameters": _common("If-Match"), "requestBody": _body(f"{kind.schema}Patch"), "responses": {"200": shown}},
        "delete": {"parameters": _common(condition), "responses": deleted},
    }
    words = {"get": "get", "head": "getEntityTag", "put": "createOrUpdate", "patch": "update", "delete": "delete"}
    return {
        method: {"operationId": f"{kind.plural}_{words[method]}", "tags": [kind.plural]}
        | operation
        | {"responses": operation["responses"] | (_refused() if method != "head" else _refused_without_body())}
        for method, operation in operations.items()
        if method.upper() in kind.collection.entity_methods
    }


def _body(schema: str) -> Document:
    return {"required": True, "content": {"application/json": {"schema": reference(schema)}}}


def _response(description: str, schema: str, **more: Any) -> Document:
    return {"description": description, "content": {"application/json": {"schema": reference(schema)}}, **more}


def _refused() -> Document:
    return {"default": {"$ref": "#/components/responses/Refused"}}


def _refused_without_body() -> Document:
    return {"default": {"description": "Refused."}}


def _common(*names: str) -> list[Document]:
    return [{"$ref": f"#/components/parameters/{name.removeprefix('$')}"} for name in names]


def _parameters() -> Document:
    ids = {kind.collection.id_name: {"type": "string", "pattern": _NAME} for kind in KINDS}
    ids["policyId"] = {"const": "policy"}
    paths = {
        "subscriptionId": {"type": "string", "pattern": "^[^/]+$"},
        "resourceGroupName": {"type": "string", "pattern": "^[^/]+$"},
        "serviceName": {"const": settings.PORTAL_SERVICE_NAME},
        **ids,
    }
    number = {"type": "integer", "maximum": 999_999_999}
    queries: dict[str, tuple[str, Document]] = {
        "api-version": ("api-version", {"enum": _ARM_VERSIONS}),
        "older-api-version": ("api-version", {"enum": _DIRECT_VERSIONS}),
        "filter": ("$filter", {"type": "string", "example": "contains(name,'orders')"}),
        "top": ("$top", number | {"minimum": 1, "default": paging.PAGE}),
        "skip": ("$skip", number | {"minimum": 0, "default": 0}),
    }
    return {
        **{name: {"name": name, "in": "path", "required": True, "schema": schema} for name, schema in paths.items()},
        **{
            key: {"name": name, "in": "query", "required": name == "api-version", "schema": schema}
            for key, (name, schema) in queries.items()
        },
        **{name: {"name": name, "in": "header", "schema": {"type": "string"}} for name in ("If-Match", "If-None-Match")},
        "If-Match-needed": {"name": "If-Match", "in": "header", "required": True, "schema": {"type": "string"}},
    }
