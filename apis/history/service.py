"""Putting the policy of all APIs back."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.urls import reverse

from apis.history.restoring import PERMISSION
from apis.models import ServicePolicy
from apis.policies.actions import put_service_document
from apis.policies.words import in_words
from apis.policy import UnreadablePolicy
from portal.history.restoring import Compared, Refused, Side
from portal.models import Activity, Event

if TYPE_CHECKING:
    from django.contrib.auth.models import User

EVENTS = (Event.POLICY_CHANGED,)


class OfAllApis:
    """How the document around those of all APIs is put back."""

    permission = PERMISSION

    def compared(self, line: Activity) -> Compared:
        """Return the documents before and after *line*, and that of now."""
        before, after = line.changes["document"]
        return Compared(before=_values(before), after=_values(after), now=_values(ServicePolicy.current().document))

    def restore(self, line: Activity, side: Side, *, by: User | None, now: datetime) -> str:
        """Let a former document stand around them again.

        :raises Refused: if it cannot be taken any more
        """
        values = self.compared(line).values(side) or {}
        try:
            put_service_document(values["document"], by=by, now=now)
        except UnreadablePolicy as refusal:
            raise Refused(in_words(refusal.sentence)) from refusal
        return reverse("policies:service")


def _values(document: str | None) -> dict[str, Any]:
    return {"document": document or ""}
