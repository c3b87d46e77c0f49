"""What single gateways lack, as chips of lists: what they have refused, or have not applied yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from django.db.models import Exists, OuterRef, Q
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from gateway.models import Gateway, Refusal
from gateway.standing import apis_changed_since, changed_since, least_applied
from gateway.status import SILENT
from portal.listing import Chip
from portal.models import Activity

_MOST_OFFERED = 6  # those furthest behind; the page of gateways leads to the others, too
_SEVERAL = 2
_FOLLOWED = ("api", "certificate", "server-certificate")  # kinds of lines


def chip_key(gateway: str) -> str:
    """Return what ``show`` of an address holds for what the gateway of this name lacks."""
    return f"not-on:{gateway}"


def chips_of_apis(shown: str) -> list[Chip]:
    """Return the chips of the list of APIs, one for each gateway that lacks some. *shown* is there whether it does or not."""
    return _chips(_gateways(), _apis_lacking_on, shown)


def chips_of_entries(kind: str, shown: str) -> list[Chip]:
    """Return the chips of a list of certificates whose lines are of *kind*: those that are behind anywhere, and by gateway."""
    gateways = _gateways()
    behind = Chip(key="behind", label=_("Behind"), condition=partial(_entries_behind, gateways, kind), tone="warn")
    return [behind, *_chips(gateways, partial(_entries_lacking_on, kind), shown)]


def _gateways() -> list[Gateway]:
    """Return those that have ever come, the furthest behind first."""
    refused = Exists(Refusal.objects.filter(gateway=OuterRef("pk")))
    come = Gateway.objects.with_presence().filter(connected_at__isnull=False)
    return list(come.annotate(refuses=refused).order_by("applied_change", "name"))


def _chips(gateways: Sequence[Gateway], lacking_on: Callable[[Gateway], Q], shown: str) -> list[Chip]:
    return [
        Chip(
            key=chip_key(gateway.name),
            label=format_lazy(_("Not on {gateway}"), gateway=gateway.name),
            condition=partial(lacking_on, gateway),
            tone="warn",
        )
        for gateway in _lacking(gateways, shown)
    ]


def _lacking(gateways: Sequence[Gateway], shown: str) -> list[Gateway]:
    """Return the gateway that is asked for, and, where there are several, those that lack something."""
    asked = [one for one in gateways if chip_key(one.name) == shown]
    if len(gateways) < _SEVERAL:
        return asked
    lines = Activity.objects.filter(kind__in=_FOLLOWED).exclude(event__in=SILENT)
    newest = lines.order_by("-id").values_list("id", flat=True).first() or 0
    lacking = [one for one in gateways if one not in asked and (one.applied_change < newest or one.__dict__["refuses"])]
    return [*asked, *lacking][:_MOST_OFFERED]


def _entries_behind(gateways: Sequence[Gateway], kind: str) -> Q:
    applied = least_applied(gateways)
    return Q(pk__in=() if applied is None else changed_since(applied, kind))


def _apis_lacking_on(gateway: Gateway) -> Q:
    refused = Refusal.objects.filter(gateway=gateway, api__isnull=False)
    return Q(pk__in=refused.values("api")) | apis_changed_since(gateway.applied_change)


def _entries_lacking_on(kind: str, gateway: Gateway) -> Q:
    refused = Refusal.objects.filter(gateway=gateway, api__certificate__isnull=False)
    return Q(pk__in=changed_since(gateway.applied_change, kind)) | Q(pk__in=refused.values("api__certificate"))
