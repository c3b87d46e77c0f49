"""What narrows the activity log."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.forms import CharField, ChoiceField, DateField, DateInput, Form, SearchInput, TextInput
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from portal.activity.reading import SYSTEM, may_see
from portal.models import Event
from portal.subjects import KINDS

_OFFERED = 200  # people; others are found by typing their name


class ActivityFilter(Form):
    """Kind or event, person, subject and days."""

    q = CharField(label=pgettext_lazy("what was changed", "Subject"), required=False, max_length=10_000, widget=SearchInput)
    who = CharField(label=_("Person"), required=False, max_length=150, widget=TextInput(attrs={"list": "people", "autocomplete": "off"}))

    def __init__(self, *args: Any, reader: User, **kwargs: Any) -> None:
        """Offer the kinds and events that *reader* may see."""
        super().__init__(*args, **kwargs)
        groups = [
            (label, [(kind, _("Everything about it")), *_events(kind)]) for kind, (label, _icon) in KINDS.items() if may_see(reader, kind)
        ]
        self.fields["kind"] = ChoiceField(label=_("Kind"), required=False, choices=[("", _("Everything")), *groups])
        self.fields["from"] = DateField(label=_("From"), required=False, widget=DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
        self.fields["to"] = DateField(label=_("To"), required=False, widget=DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
        self._reader = reader

    @property
    def people(self) -> list[str]:
        """The names that are offered, to whoever may see people."""
        if not self._reader.has_perm("auth.view_user"):
            return []
        return list(User.objects.order_by("username").values_list("username", flat=True)[:_OFFERED])

    @property
    def system(self) -> str:
        """What is typed for lines that no person caused."""
        return SYSTEM


def _events(kind: str) -> list[tuple[str, Any]]:
    return [(event.value, event.label) for event in Event if event.value.partition(".")[0] == kind]
