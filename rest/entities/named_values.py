"""Named values, which policies refer to. A secret's value is told by ``listValue`` alone."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from apis.models import NamedValue
from apis.named_values import actions
from apis.named_values.actions import Chosen
from apis.named_values.forms import TAKEN, NamedValueForm
from apis.naming import RESERVED_NAMES
from rest import etags
from rest.bodies import Properties
from rest.collection import Collection
from rest.envelope import Conflict, Fault, Invalid, MethodNotAllowed
from rest.fields import Flag, Text

_TARGETS = {"display_name": "displayName", "value": "value", "tags": "tags"}


class NamedValues(Collection[NamedValue, Chosen]):
    """The named values."""

    segment = "namedValues"
    id_name = "namedValueId"
    permission = "apis.{}_namedvalue"
    fields: ClassVar = {"name": Text("name"), "displayName": Text("display_name"), "secret": Flag("secret")}
    shown_only = ("id", "tags")

    def rows(self) -> QuerySet[NamedValue]:
        """Return all named values, by name."""
        return NamedValue.objects.select_related("sealed").order_by("name")

    def name_of(self, row: NamedValue) -> str:
        """Return its name in addresses."""
        return row.name

    def etag(self, row: NamedValue) -> str:
        """Return the ETag."""
        return etags.etag(row.pk, row.revision)

    def show(self, row: NamedValue) -> dict[str, Any]:
        """Return what it is, but no secret."""
        value = {} if row.secret else {"value": row.value}
        return {"displayName": row.display_name, **value, "tags": row.tags, "secret": row.secret}

    @sensitive_variables()
    def read(self, sent: Properties, row: NamedValue | None, *, whole: bool) -> Chosen:
        """Check what was sent as the page does. A value that is not sent stays, where there is one."""
        before = None if whole else row
        sent.unsupported(("keyVault",), _("There is no key vault here; send the value."))
        tags = sent.texts("tags") if "tags" in sent or before is None else before.tags
        secret = sent.flag("secret", before.secret if before else False)
        text = sent.text("value", row.value if row and not row.secret else "", needed=row is None)
        form = NamedValueForm(
            {
                "display_name": sent.text("displayName", before.display_name if before else "", needed=before is None),
                "secret": secret,
                "value": text,
                "tags": ",".join(tags),
            },
            value=row,
        )
        sent.check_by(form, _TARGETS)
        return form.chosen()

    @sensitive_variables("draft")
    def create(self, name: str, draft: Chosen) -> NamedValue:
        """Keep a value."""
        if name in RESERVED_NAMES:
            raise Invalid(Fault(self.id_name, _("This word cannot be a name.")))
        try:
            return actions.create(name, draft, by=self.call.user, now=self.call.now)
        except actions.Taken as refusal:  # at this very moment
            raise Conflict(str(TAKEN)) from refusal

    @sensitive_variables("draft")
    def change(self, row: NamedValue, draft: Chosen) -> NamedValue:
        """Change a value."""
        try:
            return actions.change(row, draft, by=self.call.user, now=self.call.now)
        except actions.Taken as refusal:
            raise Conflict(str(TAKEN)) from refusal
        except actions.InUse as refusal:
            words = _("These use it: %(uses)s. Change them first.") % {"uses": refusal}
            raise Invalid(Fault("displayName", words)) from refusal
        except actions.Unfit as refusal:
            raise Invalid(Fault("value", refusal.sentence)) from refusal

    def remove(self, row: NamedValue) -> None:
        """Forget a value, unless policies name it."""
        try:
            actions.delete(row, by=self.call.user, now=self.call.now)
        except actions.InUse as refusal:
            raise Conflict(_("These use it: %(uses)s. Change them first.") % {"uses": refusal}) from refusal

    @sensitive_variables()
    def answer_list_value(self, name: str) -> HttpResponse:
        """Answer ``POST …/listValue``: the value. Who has seen a secret is noted."""
        if self.call.request.method != "POST":
            raise MethodNotAllowed(("POST",))
        self.call.require(self.permission.format("change"))
        self.check_name(name)
        row = self.get(name)
        value = actions.show(row, by=self.call.user, now=self.call.now).value.decode()
        return self._json({"value": value}, headers={"ETag": self.etag(row)})

    def answer_refresh(self, name: str) -> HttpResponse:
        """Refuse ``POST …/refreshSecret``: values come from no key vault here."""
        return self.answer_refused(name, Fault("keyVault", _("There is no key vault here; send the value.")))


class OlderProperties(NamedValues):
    """The same under the name of before 2019-12-01."""

    segment = "properties"
    id_name = "propId"
