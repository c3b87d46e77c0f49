"""The list of subscriptions: its columns, its chips, and which of its rows an address names."""

from __future__ import annotations

from functools import partial

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from apis.models import Subscription, SubscriptionState
from apis.searching import SUBSCRIPTIONS
from portal.listing import ALL, Chip, Column, narrowed

COLUMNS = (
    Column(key="name", label=_("Display name"), field="display_name", any_case=True, may_hide=False),
    Column(key="scope", label=_("Scope"), field="api__display_name", any_case=True),
    Column(key="state", label=_("State"), field="state"),
    Column(key="created", label=_("Created"), field="created_at", room="wide"),
)
UNSORTED = (("used", _("Used last")),)
CHIPS = tuple(Chip(key=state.value, label=state.label, condition=partial(Q, state=state)) for state in SubscriptionState)


def chosen(asked: QueryDict) -> QuerySet[Subscription]:
    """Return the subscriptions that are ticked: those that ``subscriptions`` names, or with ``chosen=all`` all that the address shows."""
    rows = Subscription.objects.select_related("api").order_by("display_name", "name")
    if asked.get("chosen") == ALL:
        return narrowed(rows, asked, search=SUBSCRIPTIONS, chips=CHIPS)
    return rows.filter(name__in=asked.getlist("subscriptions"))
