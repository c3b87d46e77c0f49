"""Putting a subscription's name, scope or state back; never its keys."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _

from apis import actions
from apis.actions import facts
from apis.models import Subscription, SubscriptionState
from apis.pickers import ALL_APIS, API_PREFIX
from apis.subscription_form import SubscriptionForm
from portal.history.restoring import Compared, Refused, Side, compared_by_field, valid
from portal.models import Activity, Event

if TYPE_CHECKING:
    from django.contrib.auth.models import User

EVENTS = (Event.SUBSCRIPTION_CHANGED, Event.SUBSCRIPTION_SUSPENDED, Event.SUBSCRIPTION_ACTIVATED)


class Subscriptions:
    """How subscriptions are put back."""

    permission = "apis.change_subscription"

    def compared(self, line: Activity) -> Compared:
        """Return the values of *line* and those of now.

        :raises Refused: if the subscription is gone
        """
        return compared_by_field(line, facts.of_subscription(_subscription(line)).get)

    def restore(self, line: Activity, side: Side, *, by: User | None, now: datetime) -> str:
        """Put the values of one side back by the actions of its page.

        :raises Refused: with the form's sentences
        """
        row, values = _subscription(line), dict(self.compared(line).values(side) or {})
        if (state := values.pop("state", row.state)) != row.state:
            row = actions.set_subscription_state(row, SubscriptionState(state), by=by, now=now)
        if values:
            chosen = _chosen(row, values)
            actions.change_subscription(row, display_name=chosen["display_name"], api=chosen["scope"], by=by, now=now)
        return reverse("subscriptions:detail", kwargs={"name": row.name})


def _chosen(row: Subscription, values: dict[str, Any]) -> dict[str, Any]:
    wanted = facts.of_subscription(row) | values
    scope = f"{API_PREFIX}{wanted['api']}" if wanted["api"] else ALL_APIS
    chosen: dict[str, Any] = valid(SubscriptionForm({"display_name": wanted["display_name"], "scope": scope})).cleaned_data
    return chosen


def _subscription(line: Activity) -> Subscription:
    row = Subscription.objects.select_related("api").filter(pk=line.subject_id).first() if line.subject_id.isdecimal() else None
    if row is None:
        raise Refused(_("The subscription was deleted, and its keys with it; make a new one."))
    return row
