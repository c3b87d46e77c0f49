"""The pages: the history of an API and of a subscription, and the policy documents of two moments beside each other."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from apis.access import may
from apis.history.documents import compare, document_at
from apis.history.forms import CompareForm
from apis.models import Api, Subscription
from apis.views.common import OK, UNPROCESSABLE, api_of, tab
from portal.history.reading import about, history_of
from portal.history.restoring import Refused
from portal.http import PortalRequest
from portal.models import Activity
from portal.templatetags.portal import exactly

_OFFERED = 50  # moments; others are found by their time


@require_safe
@may("apis.view_api")
def api(request: PortalRequest, name: str) -> HttpResponse:
    """Show what was changed about an API, from what to what."""
    found = api_of(name)
    return tab(request, found, "history", **history_of(request, "api", found.pk))


@require_safe
@may("apis.view_subscription")
def subscription(request: PortalRequest, name: str) -> HttpResponse:
    """Show what was changed about a subscription, from what to what."""
    found = get_object_or_404(Subscription, name=name)
    return render(request, "subscriptions/history.html", {"subscription": found, **history_of(request, "subscription", found.pk)})


@require_safe
@may("apis.view_api")
def policies(request: PortalRequest, name: str) -> HttpResponse:
    """Show the policy document of a moment, and how it differs from that of another."""
    found = api_of(name)
    lines = about("api", found.pk).newest(_OFFERED)
    asked = request.GET or ({"older": str(lines[1].id)} if len(lines) > 1 else {})
    form = CompareForm(asked, moments=[(str(line.id), _words(line)) for line in lines])
    documents: list[str] = []
    if form.is_valid():
        try:
            documents = [document_at(found, form.first()), document_at(found, form.second())]
        except Refused as refusal:
            form.add_error(None, refusal.sentences)
    return _shown(request, found, form, documents)


def _shown(request: PortalRequest, found: Api, form: CompareForm, documents: list[str]) -> HttpResponse:
    compared = list(compare(*documents)) if documents else []
    context = {"form": form, "compared": compared, "differ": any(line.sign for line in compared)}
    status = UNPROCESSABLE if form.errors else OK
    return tab(request, found, "policy", template="apis/policy_history.html", status=status, **context)


def _words(line: Activity) -> str:
    who = line.actor_name or _("The system")
    return f"{exactly(line.at)} · {line.get_event_display()} · {who}"
