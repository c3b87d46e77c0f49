"""What pages of APIs say of tokens: how each gateway gets on with them."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import RequestContext
from django.utils import timezone
from django.utils.translation import gettext as _

from apis.models import Api
from gateway.tokens import standings_of

register = template.Library()


@register.inclusion_tag("gateways/_tokens.html", takes_context=True)
def token_standings(context: RequestContext, api: Api) -> dict[str, Any]:
    """Render how each gateway gets on with the token of *api*, for those who may see gateways."""
    if not context["user"].has_perm("gateway.view_gateway"):
        return {}
    now = timezone.now()
    return {"tokens": [(row, _words(row.minutes_left(now=now))) for row in standings_of(api)]}


@register.simple_tag
def token_left(api: Api, gateway: str) -> str:
    """Return what a *gateway* has of the token of *api*, behind a comma; empty where calls carry none."""
    row = next((one for one in standings_of(api) if one.gateway.name == gateway), None)
    return f", {_words(row.minutes_left(now=timezone.now()))}" if row else ""


def _words(minutes: int) -> str:
    return _("a token that ends in %(minutes)d min") % {"minutes": minutes} if minutes else _("no token, so that calls are refused")
