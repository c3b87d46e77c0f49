"""What other apps' pages say about gateways: whether a change is live, which calls have failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from django import template
from django.contrib.auth.models import User
from django.db.models import Count, F, Model, Q
from django.template.context import RequestContext
from django.urls import reverse
from django.utils import timezone

from apis.models import Api
from certificates.models import Certificate, ClientCertificate
from gateway.models import FailedCall, FailureKind, Gateway, Refusal
from gateway.pictures.curves import curves
from gateway.seeing.connection import picture_of
from gateway.standing import apis_behind, failing_apis
from portal.activity import last_line
from portal.listing import words_of
from portal.live import Kind, LiveStatus, State, live_status

register = template.Library()

T = TypeVar("T")

_FIRST_LOOK_MILLISECONDS, _LONGEST_MILLISECONDS = 250, 5000
_RECENT = 5
_MOST_DRAWN = 12  # APIs of a certificate; a list holds the rest


@register.inclusion_tag("gateways/_live.html", takes_context=True, name="live_status")
def live_status_tag(context: RequestContext, kind: str, subject: Model) -> dict[str, Any]:
    """Render whether the newest change of *subject* (*kind*: ``api``, ``certificate`` or ``subscription``) is live."""
    user = getattr(context.get("request"), "user", None)
    if user is None or not user.has_perm("gateway.view_gateway"):
        return {}
    return _shown(Kind(kind), subject.pk, _status_on_page(context, Kind(kind), subject.pk), user, wait=0)


@register.inclusion_tag("gateways/_connection.html", takes_context=True)
def connection_picture(context: RequestContext, api: Api) -> dict[str, Any]:
    """Render the way of the calls of *api*, and where it breaks, for those who may see gateways."""
    if not context["user"].has_perm("gateway.view_gateway"):
        return {}
    picture = picture_of(api, _status_on_page(context, Kind.API, api.pk), now=timezone.now())
    return {"picture": picture, "api": api, "perms": context["perms"]}


@register.inclusion_tag("gateways/pictures/_fan.html")
def fan_out(certificate: Certificate, apis: Sequence[Api], used_by: int) -> dict[str, Any]:
    """Render the APIs that present *certificate*, those that fail in red; beyond :data:`_MOST_DRAWN` they are folded.

    :param apis: those that the page has read
    :param used_by: how many there are
    """
    first = apis[:_MOST_DRAWN]
    failing = failing_among(first)
    drawn = [(api, api.pk in failing, path) for api, path in zip(first, curves([1] * len(first)), strict=True)]
    return {"certificate": certificate, "drawn": drawn, "folded": apis[_MOST_DRAWN:], "more": used_by - len(apis), "used_by": used_by}


def live_context(kind: Kind, pk: int, user: User, *, wait: int) -> dict[str, Any]:
    """Return what the fragment shows of something to *user*.

    :param wait: how long, in milliseconds, the page has waited before it asked for this; each time a little longer
    """
    return _shown(kind, pk, live_status(kind, pk), user, wait=wait)


def _status_on_page(context: RequestContext, kind: Kind, pk: int) -> LiveStatus:
    """Return whether something is live, asked once however often a page says it."""
    known: dict[tuple[Kind, int], LiveStatus] = vars(context["request"]).setdefault("live_statuses", {})
    if (kind, pk) not in known:
        known[kind, pk] = live_status(kind, pk)
    return known[kind, pk]


def _shown(kind: Kind, pk: int, status: LiveStatus, user: User, *, wait: int) -> dict[str, Any]:
    following = min(wait * 3 // 2 or _FIRST_LOOK_MILLISECONDS, _LONGEST_MILLISECONDS)
    if status.state is State.NOWHERE:
        following = _LONGEST_MILLISECONDS
    return {
        "status": status,
        "took": _took(status),
        "wait": following,
        "url": reverse("gateways:live", args=[kind.value, pk]),
        "may_roll_back": user.has_perm("certificates.change_clientcertificate"),
    }


def _took(status: LiveStatus) -> dict[str, int]:
    """Return how long it took, in the unit that people read; nothing if that says more of the gateway's absence than of the change."""
    match status.milliseconds:
        case int(short) if short < 1000:  # noqa: PLR2004 - a second
            return {"milliseconds": short}
        case int(long) if long < 60_000:  # noqa: PLR2004 - a minute
            return {"seconds": round(long / 1000)}
        case _:
            return {}


@register.inclusion_tag("gateways/_dashboard_figure.html")
def gateways_summary() -> dict[str, Any]:
    """Render how many gateways are connected, and whether one refuses something or has not taken the newest change."""
    connected = [gateway for gateway in Gateway.objects.with_presence() if gateway.is_connected]
    newest = last_line()
    behind = sum(gateway.applied_change < newest for gateway in connected)
    refused = Count("api", distinct=True, filter=Q(presents=None))
    counts = {"connected": len(connected), "behind": behind}
    return {**counts, **Refusal.objects.aggregate(refusals=refused, earlier=Count("api", distinct=True) - refused)}


@register.simple_tag
def presented_instead(certificate: ClientCertificate) -> list[int]:
    """Return the numbers of the versions that gateways present because they have refused the current one."""
    found = Refusal.objects.filter(api__certificate=certificate, presents__isnull=False).order_by("presents__number")
    return list(found.values_list("presents__number", flat=True).distinct())


@register.simple_tag
def refusals_among(rows: Iterable[Api | ClientCertificate]) -> dict[int, int]:
    """Return which of *rows*, by id, are refused by a gateway, with the number of the version that is presented instead, or 0."""
    ids = {type(row): [one.pk for one in rows if type(one) is type(row)] for row in rows}
    found: dict[int, int] = {}
    for model, where in ((Api, "api"), (ClientCertificate, "api__certificate")):
        if model in ids:
            refused = Refusal.objects.filter(**{f"{where}__in": ids[model]}).order_by(F("presents__number").desc(nulls_last=True))
            found |= {pk: number or 0 for pk, number in refused.values_list(where, "presents__number").distinct()}
    return found


@register.simple_tag
def failing_among(rows: Iterable[Api]) -> set[int]:
    """Return which of *rows*, by id, have failed lately, or are refused."""
    ids = [row.pk for row in rows]
    return set(Api.objects.filter(failing_apis(among=ids), pk__in=ids).values_list("pk", flat=True))


@register.simple_tag
def behind_among(rows: Iterable[Api]) -> set[int]:
    """Return which of *rows*, by id, have changes that a connected gateway has not applied."""
    return set(Api.objects.filter(apis_behind(), pk__in=[row.pk for row in rows]).values_list("pk", flat=True))


@register.filter
def of(found: Mapping[int, T], pk: int) -> T | None:
    """Return what was found of one row; ``None``: nothing."""
    return found.get(pk)


@register.inclusion_tag("gateways/_failed_call.html")
def failed_call(activity_id: str) -> dict[str, Any]:
    """Render what is known of the failed call with this activity id, which its caller was given (perhaps by a back end of ill will)."""
    call = FailedCall.objects.filter(activity_id=words_of(activity_id)).select_related("api", "presented__certificate").first()
    return {"activity_id": activity_id, "call": call}


@register.inclusion_tag("gateways/_recent_failures.html")
def recent_failures(api: Api) -> dict[str, Any]:
    """Render the newest failed calls of *api*."""
    return {"calls": FailedCall.objects.filter(api=api)[:_RECENT], "api": api}


@register.filter
def failure_words(kind: str) -> str:
    """Return what a kind of failed call is called, empty if it is not known."""
    return str(FailureKind(kind).label) if kind in FailureKind.values else ""
