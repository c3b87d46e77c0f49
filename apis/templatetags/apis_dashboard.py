"""What the dashboard says about APIs and subscriptions, and the newcomer's next step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django import template
from django.template.context import RequestContext
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apis.models import Api, Subscription
from apis.views.common import gateway_address
from certificates.models import ClientCertificate

register = template.Library()

_NEWCOMER = timedelta(days=1)


@dataclass(slots=True)
class Step:
    """One step of the way to the first call."""

    title: str | Promise
    text: str | Promise
    action: str | Promise
    url_name: str
    permission: str
    done: bool
    next: bool = False
    name: str = ""  # the API whose page the step leads to

    @property
    def address(self) -> str:
        """Where the step is gone."""
        return reverse(self.url_name, kwargs={"name": self.name} if self.name else None)


@register.inclusion_tag("apis/_dashboard_figures.html")
def apis_figures() -> dict[str, Any]:
    """Render how many APIs and subscriptions there are."""
    return {"apis": Api.objects.count(), "subscriptions": Subscription.objects.count()}


@register.inclusion_tag("apis/_dashboard_steps.html", takes_context=True)
def first_steps(context: RequestContext, *, called: bool = False) -> dict[str, Any]:
    """Render the way to the first call through the gateway; nothing once it has been gone.

    :param called: whether a back end has answered a call; calls are not counted where gateways are of an older release
    """
    if called:
        return {"steps": []}
    bound = Api.objects.filter(certificate__isnull=False).order_by("created_at").first()
    first = Subscription.objects.order_by("created_at").first()
    if bound and first and first.created_at < timezone.now() - _NEWCOMER:
        return {"steps": []}
    steps = _steps(bound or Api.objects.order_by("created_at").first(), bound=bound is not None, subscribed=first is not None)
    waiting = [step for step in steps if not step.done]
    waiting[0].next = True
    gateway = gateway_address(context["request"]) + bound.gateway_path if bound else ""
    return {"steps": steps, "perms": context["perms"], "gateway": gateway}


def _steps(api: Api | None, *, bound: bool, subscribed: bool) -> list[Step]:
    return [
        Step(
            title=_("Upload a client certificate"),
            text=_("A .pfx file with its private key. The gateway proves itself with it."),
            action=_("Upload certificate"),
            url_name="certificates:upload",
            permission="certificates.add_clientcertificate",
            done=ClientCertificate.objects.exists(),
        ),
        Step(
            title=_("Add an API"),
            text=_("Its path on the gateway and the back end behind it."),
            action=_("Add API"),
            url_name="apis:new",
            permission="apis.add_api",
            done=api is not None,
        ),
        Step(
            title=_("Choose the certificate on the API's Security tab"),
            text=_("With credentials: Client certificates."),
            action=_("Security"),
            url_name="apis:security",
            permission="apis.change_api",
            done=bound,
            name=api.name if api else "",
        ),
        Step(
            title=_("Add a subscription"),
            text=_("Callers prove themselves to the gateway with one of its two keys."),
            action=_("Add subscription"),
            url_name="subscriptions:new",
            permission="apis.add_subscription",
            done=subscribed,
        ),
        Step(
            title=_("Call the API through the gateway"),
            text=_("Try it here, or from a command line."),
            action=_("Test"),
            url_name="apis:console",
            permission="apis.view_api",
            done=False,
            name=api.name if api else "",
        ),
    ]
