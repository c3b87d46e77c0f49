"""A template as resources, each with its values: parameters, variables, conditions, copies and children are done with.

Source: the published schema of deployment templates, 2019-04-01, and the form with symbolic names that Bicep makes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from rest.deployments import functions, loops
from rest.deployments.expressions import BadTemplate, Function, evaluate

MOST_RESOURCES = 800  # as there
PROVIDER = "Microsoft.ApiManagement/"
_DEFINITIONS = "#/definitions/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource of a template.

    :ivar kinds: ``("service", "apis", "operations")``
    :ivar names: one for each of them
    """

    kinds: tuple[str, ...]
    names: tuple[str, ...]
    properties: dict[str, Any]

    @property
    def path(self) -> str:
        """Its address below the service, as people read it."""
        return "/".join(word for pair in zip(self.kinds[1:], self.names[1:], strict=True) for word in pair)


def resources_of(template: Mapping[str, Any], given: Mapping[str, Any], prefix: str) -> tuple[list[Resource], dict[str, Any]]:
    """Return the resources of *template*, parents first, and its outputs.

    :param given: the values of its parameters
    :param prefix: subscription and resource group
    :raises BadTemplate: if it cannot be deployed
    """
    known = {**functions.PURE, **_around(prefix)}
    known["parameters"] = functions.named(
        _parameters(template, given, known), lambda name: _("There is no parameter %(name)s.") % {"name": name}
    )
    known["variables"] = _variables(template, known)
    found = [one for each in _entries(template.get("resources")) for one in _resources(each, known, (), ())]
    if len(found) > MOST_RESOURCES:
        raise BadTemplate(_("A template has at most 800 resources."))
    outputs = template.get("outputs")
    told = (
        {name: {"type": one.get("type"), "value": _told(one, known)} for name, one in outputs.items()} if isinstance(outputs, dict) else {}
    )
    return sorted(found, key=_order), told


def _told(output: Mapping[str, Any], known: Mapping[str, Function]) -> Any:
    """Return the value of an output: what it says, or a list of what its loop says in each round."""
    if "copy" not in output:
        return loops.evaluated(output.get("value"), known)
    if not isinstance(output["copy"], dict) or "input" not in output["copy"]:
        raise BadTemplate(_("What is called copy here is a loop with count and input."))
    return loops.evaluated({"copy": [{**output["copy"], "name": "value"}]}, known)["value"]


def _order(resource: Resource) -> tuple[int, int, bool]:
    """Return its place: what APIs name comes before them, subscriptions after them, parents before children, members before pools."""
    first = ("certificates", "namedvalues", "properties", "backends", "policies", "apis", "subscriptions")
    kind = resource.kinds[1].lower() if len(resource.kinds) > 1 else ""
    is_pool = kind == "backends" and bool(resource.properties.get("pool"))
    return first.index(kind) if kind in first else len(first), len(resource.kinds), is_pool


def secret_names(template: Mapping[str, Any], part: str) -> set[str]:
    """Return the names of what nobody is to be shown, in lower case.

    :param part: ``"parameters"`` or ``"outputs"``
    """
    declared = template.get(part)
    return {name.lower() for name, one in (declared.items() if isinstance(declared, dict) else ()) if _is_secret(one, template)}


def _is_secret(declaration: Any, template: Mapping[str, Any]) -> bool:
    """Tell whether a declaration holds a secure type, itself, in its properties or items, or where it refers to.

    What cannot be found holds whatever it may be, and so is secret.
    """
    waiting, followed = [declaration], set()
    while waiting:
        one = waiting.pop()
        if not isinstance(one, dict):
            waiting += one if isinstance(one, list) else []
            continue
        if str(one.get("type", "")).lower().startswith("secure"):
            return True
        if isinstance(reference := one.get("$ref"), str) and reference not in followed:
            followed.add(reference)
            if (found := _referred(reference, template)) is None:
                return True
            waiting.append(found)
        waiting += one.values()
    return False


def _referred(reference: str, template: Mapping[str, Any]) -> Any:
    """Return the definition that *reference* leads to, ``None`` if there is none."""
    definitions = template.get("definitions")
    start, name = reference[: len(_DEFINITIONS)], reference[len(_DEFINITIONS) :]
    return definitions.get(name) if start == _DEFINITIONS and isinstance(definitions, dict) else None


def _around(prefix: str) -> dict[str, Function]:
    words = prefix.split("/")
    group = {"id": prefix, "name": words[-1], "location": "local"}
    return {
        "resourceid": functions.resource_id(prefix),
        "resourcegroup": lambda: group,
        "subscription": lambda: {"id": "/".join(words[:3]), "subscriptionId": words[2]},
    }


def _parameters(template: Mapping[str, Any], given: Mapping[str, Any], known: Mapping[str, Function]) -> dict[str, Any]:
    declared = template.get("parameters") or {}
    values = {name.lower(): one.get("value") for name, one in given.items() if isinstance(one, dict) and "value" in one}
    if unknown := [name for name in given if name.lower() not in {one.lower() for one in declared}]:
        raise BadTemplate(_("The template has no parameter %(name)s.") % {"name": unknown[0]})
    found = {}
    for name, one in declared.items():
        if name.lower() not in values and "defaultValue" not in one:
            raise BadTemplate(_("The parameter %(name)s has no value.") % {"name": name})
        found[name] = values[name.lower()] if name.lower() in values else evaluate(one["defaultValue"], known)
    return found


def _variables(template: Mapping[str, Any], known: Mapping[str, Function]) -> Function:
    """Return the function that gives a variable, made when it is asked for; those that need themselves are refused."""
    declared = loops.variables(template.get("variables") or {})
    under_way: list[str] = []
    made: dict[str, Any] = {}

    def give(name: str) -> Any:
        key = name.lower()
        if key in made:
            return made[key]
        if key not in declared or key in under_way:
            raise BadTemplate(_("There is no variable %(name)s, or it needs itself.") % {"name": name})
        under_way.append(key)
        try:
            made[key] = functions.bounded_value(declared[key]({**known, "variables": give}))
            return made[key]
        finally:
            under_way.pop()

    return give


def _entries(resources: Any) -> list[dict[str, Any]]:
    found = list(resources.values()) if isinstance(resources, dict) else resources or []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise BadTemplate(_("The template's resources are neither a list nor an object of resources."))
    return found


def _resources(entry: dict[str, Any], known: dict[str, Function], kinds: tuple[str, ...], names: tuple[str, ...]) -> Iterator[Resource]:
    """Yield what one entry stands for: each of its copies, and its children."""
    copy = entry.get("copy")
    for number in range(loops.count_of(copy, known) if isinstance(copy, dict) else 1):
        inner = loops.in_round(known, str(copy.get("name", "")), number) if isinstance(copy, dict) else known
        if evaluate(entry.get("condition", True), inner) and not entry.get("existing"):
            yield from _resource(entry, inner, kinds, names)


def _resource(entry: dict[str, Any], known: dict[str, Function], kinds: tuple[str, ...], names: tuple[str, ...]) -> Iterator[Resource]:
    kind, name = str(evaluate(entry.get("type", ""), known)), str(evaluate(entry.get("name", ""), known))
    whole = kind if not kinds or kind.lower().startswith(PROVIDER.lower()) else f"{PROVIDER}{'/'.join((*kinds, kind))}"
    if not whole.lower().startswith(PROVIDER.lower()):
        raise BadTemplate(_("Resources of the type %(type)s are not deployed here.") % {"type": kind})
    all_kinds, parts = tuple(whole.split("/")[1:]), tuple(name.split("/"))
    all_names = parts if len(parts) == len(all_kinds) else (*names, *parts)
    if len(all_names) != len(all_kinds) or not all(all_names):
        raise BadTemplate(_("The name %(name)s does not fit the type %(type)s.") % {"name": name, "type": whole})
    if len(all_kinds) > 1:  # the service itself is there
        properties = functions.bounded_value(loops.evaluated(entry.get("properties") or {}, known))
        yield Resource(kinds=all_kinds, names=all_names, properties=properties if isinstance(properties, dict) else {})
    for child in _entries(entry.get("resources")):
        yield from _resources(child, known, all_kinds, all_names)
