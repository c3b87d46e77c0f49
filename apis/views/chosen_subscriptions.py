"""What is done with several subscriptions of the list at once: suspended, deleted, exported."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from apis import actions
from apis.access import may
from apis.models import Api, Subscription, SubscriptionState
from apis.subscription_listing import chosen
from portal.http import PortalRequest
from portal.meanwhile import digest_of
from portal.responses import see_other
from portal.tables import download

_HEADINGS = ("name", "display_name", "scope", "state", "created")
_NAMED = 50  # of those that are asked about; the others are counted


@require_http_methods(["GET", "HEAD", "POST"])
@may("apis.change_subscription")
def suspension(request: PortalRequest) -> HttpResponse:
    """Suspend those that are ticked and active, all or none, once it is confirmed whom that hits."""
    rows = chosen(request.GET).filter(state=SubscriptionState.ACTIVE)

    def suspend(subscription: Subscription) -> None:
        actions.set_subscription_state(subscription, SubscriptionState.SUSPENDED, by=request.user, now=timezone.now())

    done = ngettext("%d subscription was suspended.", "%d subscriptions were suspended.", number := rows.count()) % number
    return _confirmed(request, rows, suspend, "suspension", done=done, nothing=_("Nothing is ticked that could be suspended."))


@require_http_methods(["GET", "HEAD", "POST"])
@may("apis.delete_subscription")
def removal(request: PortalRequest) -> HttpResponse:
    """Delete those that are ticked, all or none, once it is confirmed whom that hits."""
    rows = chosen(request.GET)

    def delete(subscription: Subscription) -> None:
        actions.delete_subscription(subscription, by=request.user, now=timezone.now())

    done = ngettext("%d subscription was deleted.", "%d subscriptions were deleted.", number := rows.count()) % number
    return _confirmed(request, rows, delete, "removal", done=done, nothing=_("Nothing is ticked that could be deleted."))


@require_safe
@may("apis.view_subscription")
def export(request: PortalRequest) -> HttpResponse:
    """Answer the subscriptions that are ticked, or all that the address shows, as CSV; keys are not in it."""
    asked = request.GET.copy()
    if not asked.getlist("subscriptions"):
        asked["chosen"] = "all"
    return download("subscriptions", _HEADINGS, (_row(one) for one in chosen(asked).iterator(chunk_size=500)))


def _confirmed(  # noqa: PLR0913 - what to do, and what to say
    request: PortalRequest, rows: QuerySet[Subscription], act: Callable[[Subscription], None], what: str, *, done: str, nothing: str
) -> HttpResponse:
    """Do it with all *rows* where they still are those that were confirmed; ask before that."""
    subscriptions = list(rows)
    if not subscriptions:
        messages.info(request, nothing)
    elif request.method != "POST":
        return render(request, f"subscriptions/confirm_{what}.html", _hit(subscriptions))
    elif request.POST.get("seen") != digest_of(one.pk for one in subscriptions):
        messages.warning(request, _("The list has changed meanwhile, and nothing was done. Look at it again, then confirm."))
        return see_other(request.get_full_path())
    else:
        with transaction.atomic():
            for subscription in subscriptions:
                act(subscription)
        messages.success(request, done)
    return see_other("subscriptions:index")


def _hit(subscriptions: list[Subscription]) -> dict[str, object]:
    """Return what the page asks about: the subscriptions, and the APIs that their keys open."""
    of_all = any(one.api_id is None for one in subscriptions)
    apis = Api.objects.filter(subscription_required=True) if of_all else Api.objects.filter(pk__in={one.api_id for one in subscriptions})
    return {
        "subscriptions": subscriptions[:_NAMED],
        "number": len(subscriptions),
        "seen": digest_of(one.pk for one in subscriptions),
        "more": len(subscriptions[_NAMED:]),
        "apis": apis,
    }


def _row(subscription: Subscription) -> tuple[str, ...]:
    scope = f"api:{subscription.api.name}" if subscription.api else "all-apis"
    created = subscription.created_at.astimezone(UTC).isoformat()
    return (subscription.name, subscription.display_name, scope, subscription.state, created)
