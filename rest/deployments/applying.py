"""Makes entities of a template's resources, by what a PUT of each would do: all of them, or none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from rest.bodies import Properties
from rest.call import Call, Service
from rest.collection import Collection
from rest.deployments.template import Resource
from rest.entities.apis import Apis
from rest.entities.backends import BackEnds
from rest.entities.certificates import Certificates
from rest.entities.imports import fetched
from rest.entities.named_values import NamedValues, OlderProperties
from rest.entities.operations import Operations
from rest.entities.policies import OperationPolicies, Policies, ServicePolicies
from rest.entities.subscriptions import Subscriptions
from rest.envelope import Conflict, Fault, Invalid, NotFound

Result = TypeVar("Result")

_KINDS: dict[tuple[str, ...], type[Collection[Any, Any]]] = {
    ("certificates",): Certificates,
    ("backends",): BackEnds,
    ("apis",): Apis,
    ("apis", "operations"): Operations,
    ("apis", "operations", "policies"): OperationPolicies,
    ("apis", "policies"): Policies,
    ("namedvalues",): NamedValues,
    ("properties",): OlderProperties,
    ("policies",): ServicePolicies,
    ("subscriptions",): Subscriptions,
}
_PARENTS = ("api", "operation")


def apply(call: Call, resources: list[Resource], prefix: str, *, only_try: bool = False) -> list[str]:
    """Make or change the entity of each of *resources*; return their ids.

    :param prefix: subscription and resource group
    :param only_try: whether nothing is to be stored
    :raises Invalid: with the first that cannot be, and why; nothing is stored then
    """
    resources = [replace(one, properties=_refusing(one, fetched, one.properties)) for one in resources]
    with transaction.atomic():  # nothing is waited for in it but processes of this machine
        ids = [_apply(call, one, prefix) for one in resources]
        transaction.set_rollback(only_try)
    return ids


def _apply(call: Call, resource: Resource, prefix: str) -> str:
    kinds = tuple(kind.lower() for kind in resource.kinds[1:])
    if (kind := _KINDS.get(kinds)) is None:
        raise Invalid(Fault(resource.path, _("This portal has no entities of the kind %(kind)s.") % {"kind": "/".join(resource.kinds[1:])}))
    service = resource.names[0]
    if resource.kinds[0].lower() != "service" or service.lower() != settings.PORTAL_SERVICE_NAME.lower():
        raise Invalid(Fault(resource.path, _("There is no service %(service)s here.") % {"service": service}))
    where = replace(call, service=Service(f"{prefix}/providers/Microsoft.ApiManagement/service/{service}"))
    parents = dict(zip(_PARENTS, resource.names[1:-1], strict=False))
    collection = kind(where, **parents)
    _refusing(resource, collection.put, resource.names[-1], Properties(resource.properties))
    return where.service.id_of(*resource.path.split("/"))


def _refusing(resource: Resource, act: Callable[..., Result], *given: Any) -> Result:
    """Return what *act* returns; what it refuses is refused with the resource that it is about.

    :raises Invalid: if it refuses
    """
    try:
        return act(*given)
    except Invalid as refusal:
        raise Invalid(*(Fault(f"{resource.path}.{fault.target}", fault.message) for fault in refusal.faults)) from refusal
    except (Conflict, NotFound) as refusal:
        raise Invalid(Fault(resource.path, refusal.message)) from refusal
