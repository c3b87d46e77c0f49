"""The screens of subscriptions."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apis import actions, subscription_listing
from apis.access import may
from apis.forms import NAME_TAKEN
from apis.models import Api, KeyKind, Subscription, SubscriptionState
from apis.pickers import SUGGESTIONS, looked_for, scope_options
from apis.searching import SUBSCRIPTIONS
from apis.subscription_form import ALL, SubscriptionForm
from apis.views.common import OK, UNPROCESSABLE
from portal.history.undo import saved
from portal.http import PortalRequest, wants_fragment
from portal.listing import listing, offering
from portal.responses import see_other
from portal.signin.confirming import recently_confirmed


@require_safe
@may("apis.view_subscription")
def index(request: PortalRequest) -> HttpResponse:
    """List the subscriptions: ``q`` searches, ``show`` narrows to a state, ``sort`` and ``page`` do what they say."""
    rows = Subscription.objects.select_related("api")
    found = listing(request, rows, subscription_listing.COLUMNS, search=SUBSCRIPTIONS, chips=subscription_listing.CHIPS)
    shown = offering(found, request, name="subscriptions", columns=subscription_listing.COLUMNS, unsorted=subscription_listing.UNSORTED)
    template = "subscriptions/_list.html" if (fragment := wants_fragment(request)) else "subscriptions/index.html"
    return render(request, template, {"listing": shown, "page": shown.page, "fragment": fragment})


@require_http_methods(["GET", "HEAD", "POST"])
@may("apis.add_subscription")
def new(request: PortalRequest) -> HttpResponse:
    """Add a subscription; ``?scope=api:<name>`` chooses one API to begin with."""
    initial = {"scope": scope} if (scope := request.GET.get("scope")) else None
    form = SubscriptionForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data
        try:
            subscription = actions.create_subscription(
                name=form.name_to_give(), display_name=chosen["display_name"], api=chosen["scope"], by=request.user, now=timezone.now()
            )
        except actions.Taken:
            form.add_error("name", NAME_TAKEN[Subscription])
        else:
            messages.success(request, _("%(subscription)s was added.") % {"subscription": subscription})
            return see_other("subscriptions:detail", name=subscription.name)
    return render(request, "subscriptions/new.html", {"form": form}, status=UNPROCESSABLE if form.errors else OK)


@require_safe
@may("apis.view_subscription")
def detail(request: PortalRequest, name: str) -> HttpResponse:
    """Show a subscription; its keys stay hidden until they are asked for."""
    return render(request, "subscriptions/detail.html", {"subscription": _subscription(name), "kinds": KeyKind})


@sensitive_variables("shown", "secrets")
@require_http_methods(["GET", "HEAD", "POST"])
@may("apis.change_subscription")
@recently_confirmed
def keys(request: PortalRequest, name: str) -> HttpResponse:
    """Show both keys; who has seen them is noted. A plain GET (a reloaded page, a restored tab) shows nothing."""
    subscription = _subscription(name)
    if request.method != "POST":
        return see_other("subscriptions:detail", name=name)
    secrets = actions.show_keys(subscription, by=request.user, now=timezone.now())
    shown = [(kind, secrets[kind].value.decode() if kind in secrets else "") for kind in KeyKind]
    template = "subscriptions/_keys.html" if wants_fragment(request) else "subscriptions/detail.html"
    response = render(request, template, {"subscription": subscription, "kinds": KeyKind, "shown": shown})
    response["Cache-Control"] = "no-store"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@may("apis.change_subscription")
def regenerate(request: PortalRequest, name: str) -> HttpResponse:
    """Make a new ``key`` (``primary`` or ``secondary``) once it is confirmed."""
    subscription = _subscription(name)
    kind = (request.POST if request.method == "POST" else request.GET).get("key", "")
    if kind not in KeyKind.values:
        return render(request, "subscriptions/which_key.html", {"subscription": subscription, "kinds": KeyKind}, status=UNPROCESSABLE)
    chosen = KeyKind(kind)
    if request.method == "POST":
        actions.regenerate_key(subscription, chosen, by=request.user, now=timezone.now())
        messages.success(request, _("%(key)s: a new one was made; the old one opens nothing any more.") % {"key": chosen.label})
        return see_other("subscriptions:detail", name=name)
    context = {"subscription": subscription, "kind": chosen, "apis": _opened_by(subscription)}
    return render(request, "subscriptions/confirm_regenerate.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@may("apis.change_subscription")
def suspend(request: PortalRequest, name: str) -> HttpResponse:
    """Suspend a subscription once it is confirmed: its keys open nothing until it is activated again."""
    if request.method != "POST":
        asked = _subscription(name)
        return render(request, "subscriptions/confirm_suspend.html", {"subscription": asked, "apis": _opened_by(asked)})
    subscription = actions.set_subscription_state(_subscription(name), SubscriptionState.SUSPENDED, by=request.user, now=timezone.now())
    saved(
        request, _("%(subscription)s is suspended; its keys open nothing.") % {"subscription": subscription}, "subscription", subscription
    )
    return see_other("subscriptions:detail", name=name)


@require_POST
@may("apis.change_subscription")
def activate(request: PortalRequest, name: str) -> HttpResponse:
    """Activate a suspended subscription."""
    subscription = actions.set_subscription_state(_subscription(name), SubscriptionState.ACTIVE, by=request.user, now=timezone.now())
    saved(request, _("%(subscription)s is active.") % {"subscription": subscription}, "subscription", subscription)
    return see_other("subscriptions:detail", name=name)


@require_http_methods(["GET", "HEAD", "POST"])
@may("apis.delete_subscription")
def delete(request: PortalRequest, name: str) -> HttpResponse:
    """Delete a subscription once it is confirmed."""
    subscription = _subscription(name)
    if request.method == "POST":
        actions.delete_subscription(subscription, by=request.user, now=timezone.now())
        messages.success(request, _("%(subscription)s was deleted.") % {"subscription": subscription.display_name})
        return see_other("subscriptions:index")
    return render(request, "subscriptions/confirm_delete.html", {"subscription": subscription, "apis": _opened_by(subscription)})


@require_safe
@may("apis.add_subscription")
def scope_suggestions(request: PortalRequest) -> HttpResponse:
    """Answer the scopes that what is typed may mean, as options of a drop-down."""
    typed = request.GET.get("scope", "")
    options = scope_options("" if typed == str(ALL) else looked_for(typed), limit=SUGGESTIONS)
    return render(request, "apis/_options.html", {"options": options})


def _opened_by(subscription: Subscription) -> QuerySet[Api]:
    """Return the APIs that its keys open."""
    return Api.objects.filter(pk=subscription.api_id) if subscription.api_id else Api.objects.filter(subscription_required=True)


def _subscription(name: str) -> Subscription:
    return get_object_or_404(Subscription.objects.select_related("api"), name=name)
