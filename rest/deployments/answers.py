"""The addresses of deployments: made at once, checked without being made, read, listed and forgotten."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from rest import bodies
from rest.call import Call
from rest.collection import CREATED, NO_CONTENT
from rest.deployments.applying import apply
from rest.deployments.expressions import BadTemplate
from rest.deployments.relaxed import strict
from rest.deployments.template import Resource, resources_of, secret_names
from rest.envelope import Fault, Invalid, MethodNotAllowed, NotFound
from rest.models import Deployment
from rest.names import spelled

_MOST_BYTES = 6 * bodies.MIB
_MOST_KEPT = 800  # of a group, as there
_TYPE = "Microsoft.Resources/deployments"
_LONGEST_GROUP, _LONGEST_NAME = 400, 64


def answer_list(call: Call, prefix: str) -> HttpResponse:
    """Answer the deployments of a group, the newest first."""
    _check(call, prefix, ("GET", "HEAD"))
    rows = Deployment.objects.filter(group=prefix.lower()).order_by("-made_at", "-pk")
    return JsonResponse({"value": [_entity(prefix, row.name, row.properties) for row in rows], "nextLink": None})


def answer_one(call: Call, prefix: str, name: str) -> HttpResponse:
    """Answer a call of one deployment: PUT makes it, GET tells what became of it, DELETE forgets it."""
    _check(call, prefix, ("GET", "HEAD", "PUT", "DELETE"))
    rows = _rows(prefix, name)
    if call.request.method == "PUT":
        return _deploy(call, prefix, name)
    row = rows.first()
    if call.request.method == "DELETE":
        rows.delete()
        return HttpResponse(status=NO_CONTENT)
    if row is None:
        raise NotFound(_("There is no deployment %(name)s.") % {"name": name})
    return JsonResponse(_entity(prefix, row.name, row.properties))


def answer_validation(call: Call, prefix: str, name: str) -> HttpResponse:
    """Answer whether a deployment would succeed; nothing is stored."""
    _check(call, prefix, ("POST",))
    body, resources, outputs = _read(call, prefix)
    ids = apply(call, resources, prefix, only_try=True)
    return JsonResponse(_entity(prefix, name, _properties(call, body, ids, outputs)))


def answer_operations(call: Call, prefix: str, name: str) -> HttpResponse:
    """Answer the steps of a deployment: it is one."""
    _check(call, prefix, ("GET", "HEAD"))
    if not _rows(prefix, name).exists():
        raise NotFound(_("There is no deployment %(name)s.") % {"name": name})
    return JsonResponse({"value": [], "nextLink": None})


def _check(call: Call, prefix: str, methods: tuple[str, ...]) -> None:
    if len(prefix) > _LONGEST_GROUP or "\0" in prefix:
        raise NotFound
    if call.request.method not in methods:
        raise MethodNotAllowed(methods)
    call.require("apis.view_api" if call.request.method in {"GET", "HEAD"} else "apis.change_api")


def _deploy(call: Call, prefix: str, name: str) -> HttpResponse:
    if not name or len(name) > _LONGEST_NAME or "\0" in name:
        raise Invalid(Fault("deploymentName", _("The name of a deployment has 1 to 64 characters.")))
    body, resources, outputs = _read(call, prefix)
    ids = apply(call, resources, prefix)
    properties = _properties(call, body, ids, outputs)
    before = _rows(prefix, name).first()
    row, made = Deployment.objects.update_or_create(
        group=prefix.lower(), name=before.name if before else name, defaults={"properties": properties, "made_at": call.now}
    )
    _rows(prefix, name).exclude(pk=row.pk).delete()  # made by the version before, or at this very moment
    _forget_old(row.group)
    return JsonResponse(_entity(prefix, row.name, properties), status=CREATED if made else 200)


def _rows(prefix: str, name: str) -> QuerySet[Deployment]:
    """Return the deployment of a name in whatever case; the version before made several of names that differ in case."""
    return spelled(Deployment.objects.filter(group=prefix.lower()), name)


@sensitive_variables()
def _read(call: Call, prefix: str) -> tuple[dict[str, Any], list[Resource], dict[str, Any]]:
    """Return the deployment's properties as sent, the resources of its template and its outputs.

    :raises Invalid: naming what is wrong with it
    """
    body = bodies.read(call.request, most=_MOST_BYTES, strict=strict).get("properties")
    if not isinstance(body, dict):
        raise Invalid(Fault("properties", _("This must be an object.")))
    if str(body.get("mode", "Incremental")).lower() != "incremental":
        raise Invalid(Fault("mode", _("Only the mode Incremental is possible here: what a template does not mention stays.")))
    template, given = body.get("template"), body.get("parameters") or {}
    if not isinstance(template, dict):
        raise Invalid(Fault("template", _("Send the template itself; links are not followed.")))
    if not isinstance(given, dict):
        raise Invalid(Fault("parameters", _("This must be an object.")))
    try:
        resources, outputs = resources_of(template, given, prefix)
    except BadTemplate as refusal:
        raise Invalid(Fault("template", str(refusal))) from refusal
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        raise Invalid(Fault("template", _("The template cannot be read."))) from error
    bodies.refuse_unstorable({"outputs": outputs, **{one.path: one.properties for one in resources}})  # functions make what no body holds
    return body, resources, outputs


def _properties(call: Call, body: dict[str, Any], ids: list[str], outputs: dict[str, Any]) -> dict[str, Any]:
    """Return what became of a deployment, without what is secret."""
    given: dict[str, Any] = body.get("parameters") or {}
    parameters, told = _without_secrets(body["template"], "parameters", given), _without_secrets(body["template"], "outputs", outputs)
    return {
        "provisioningState": "Succeeded",
        "mode": "Incremental",
        "correlationId": str(uuid.uuid4()),
        "timestamp": call.now.isoformat(),
        "duration": "PT0S",
        "parameters": parameters,
        "outputs": told,
        "outputResources": [{"id": one} for one in ids],
        "providers": [],
        "dependencies": [],
    }


def _without_secrets(template: dict[str, Any], part: str, values: dict[str, Any]) -> dict[str, Any]:
    secret = secret_names(template, part)
    return {name: one for name, one in values.items() if name.lower() not in secret}


def _forget_old(group: str) -> None:
    kept = Deployment.objects.filter(group=group).order_by("-made_at", "-pk").values_list("pk", flat=True)
    if old := list(kept[_MOST_KEPT : _MOST_KEPT + 100]):
        Deployment.objects.filter(pk__in=old).delete()


def _entity(prefix: str, name: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {"id": f"{prefix}/providers/{_TYPE}/{name}", "name": name, "type": _TYPE, "properties": properties}
