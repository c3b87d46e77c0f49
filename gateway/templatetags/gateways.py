"""What other apps' pages say about gateways: whether a change is live, which calls have failed."""

from __future__ import annotations

from typing import Any

from django import template
from django.db.models import Model
from django.template.context import RequestContext
from django.urls import reverse
from django.utils import timezone

from apis.models import Api
from gateway.models import FailedCall, Gateway, Refusal
from portal.listing import words_of
from portal.live import Kind, LiveStatus, State, live_status

register = template.Library()

_FIRST_LOOK_MILLISECONDS, _LONGEST_MILLISECONDS = 250, 5000
_RECENT = 5


@register.inclusion_tag("gateways/_live.html", takes_context=True, name="live_status")
def live_status_tag(context: RequestContext, kind: str, subject: Model) -> dict[str, Any]:
    """Render whether the newest change of *subject* (*kind*: ``api``, ``certificate`` or ``subscription``) is live."""
    user = getattr(context.get("request"), "user", None)
    if user is None or not user.has_perm("gateway.view_gateway"):
        return {}
    return live_context(Kind(kind), subject.pk, wait=0)


def live_context(kind: Kind, pk: int, *, wait: int) -> dict[str, Any]:
    """Return what the fragment shows of something.

    :param wait: how long, in milliseconds, the page has waited before it asked for this; each time a little longer
    """
    status = live_status(kind, pk)
    following = min(wait * 3 // 2 or _FIRST_LOOK_MILLISECONDS, _LONGEST_MILLISECONDS)
    if status.state is State.NOWHERE:
        following = _LONGEST_MILLISECONDS
    return {"status": status, "took": _took(status), "wait": following, "url": reverse("gateways:live", args=[kind.value, pk])}


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
    """Render how many gateways are connected, and whether one refuses something."""
    gateways = list(Gateway.objects.filter(connected_at__isnull=False))
    now = timezone.now()
    connected = sum(gateway.is_connected(now=now) for gateway in gateways)
    return {"connected": connected, "refusals": Refusal.objects.values("api").distinct().count()}


@register.inclusion_tag("gateways/_failed_call.html")
def failed_call(activity_id: str) -> dict[str, Any]:
    """Render what is known of the failed call with this activity id, which its caller was given (perhaps by a back end of ill will)."""
    call = FailedCall.objects.filter(activity_id=words_of(activity_id)).select_related("api", "presented__certificate").first()
    return {"activity_id": activity_id, "call": call}


@register.inclusion_tag("gateways/_recent_failures.html")
def recent_failures(api: Api) -> dict[str, Any]:
    """Render the newest failed calls of *api*."""
    return {"calls": FailedCall.objects.filter(api=api)[:_RECENT], "api": api}
