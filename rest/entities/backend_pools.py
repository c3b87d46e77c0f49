"""Pools: back ends whose addresses are those of other back ends, each with a weight and a priority."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from apis.backends.addresses import MOST, MOST_PRIORITY, MOST_WEIGHT
from apis.backends.models import BackEnd

if TYPE_CHECKING:
    from apis.backends.actions import BackEndSettings
    from rest.bodies import Properties
    from rest.call import Service

_POOL = "pool"
_KEPT = ("sessionAffinity", "failureResponse")  # of a pool; gateways do not look at them
_MEMBERS_OWN = ("url", "credentials", "circuitBreaker")


def shown(pool: BackEnd, service: Service) -> dict[str, Any]:
    """Return the members of *pool*; weights and priorities as they were written, or else as they are."""
    services = [
        {"id": service.id_of("backends", one["member"]), "weight": one["weight"], "priority": one["priority"]} for one in pool.addresses
    ]
    return {"services": services, **pool.remarks.get(_POOL, {})}


def warnings(pool: BackEnd) -> list[str]:
    """Return what was sent of *pool* and has no effect."""
    return [_("Pools have no %(name)s here: it is kept, and without effect.") % {"name": name} for name in pool.remarks.get(_POOL, {})]


def read(sent: Properties, draft: BackEndSettings, before: BackEnd | None) -> BackEndSettings:
    """Return *draft* with the members that were sent; those of *before* where none were."""
    sent.unsupported(_MEMBERS_OWN, _("A pool has the address and credentials of its members and none of its own."))
    if before and before.is_pool and _POOL not in sent:
        return draft
    pool = sent.nested(_POOL)
    services = pool.records("services")
    if not 1 <= len(services) <= MOST:
        pool.refuse("services", _("A pool has 1 to %(most)d members.") % {"most": MOST})
    kept = {name: pool.values[name] for name in _KEPT if pool.nested(name).values}
    addresses = tuple(_member(pool, one) for one in services)
    if len({one["member"] for one in addresses}) < len(addresses):
        pool.refuse("services", _("Name each member once."))
    return replace(
        draft, addresses=addresses, url=addresses[0]["url"] if addresses else "", spelled_url="", remarks={_POOL: kept} if kept else {}
    )


def _member(pool: Properties, service: dict[str, Any]) -> dict[str, Any]:
    name = str(service.get("id") or "").rpartition("/")[2]
    row = BackEnd.objects.filter(name__iexact=name).first() if name else None
    if row is None or row.is_pool:
        pool.refuse("services", _("There is no single back end %(name)s.") % {"name": name})
    return {
        "member": row.name if row else name,
        "url": row.url if row else "",
        "weight": _number(pool, service, "weight", usual=1, least=1, most=MOST_WEIGHT),
        "priority": _number(pool, service, "priority", usual=0, least=0, most=MOST_PRIORITY),
    }


def _number(pool: Properties, service: dict[str, Any], name: str, *, usual: int, least: int, most: int) -> int:  # noqa: PLR0913
    value = service.get(name)
    if value is None:
        return usual
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        pool.refuse("services", _("%(name)s is a number from %(least)d to %(most)d.") % {"name": name, "least": least, "most": most})
        return usual
    return value
