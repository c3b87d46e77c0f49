"""The forms of a move: which APIs and where to, and when."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apis.models import Api
from apis.moving.models import Move
from apis.pickers import CERTIFICATES, offer_matches
from apis.security_form import NO_SUCH_CERTIFICATE, chooses_certificate
from certificates.models import ClientCertificate
from certificates.rollout.forms import ACCEPTING, NOW, DecisionForm
from certificates.rollout.models import When

SHOWN = 200  # with a check box each; more are moved all, or chosen in the list


class ChooseForm(forms.Form):
    """Which of some APIs move, and to which certificate."""

    to = forms.CharField(
        label=gettext_lazy("To the client certificate"), help_text=gettext_lazy("Subject and the last four characters of the thumbprint.")
    )

    def __init__(self, data: Any, *, pool: QuerySet[Api]) -> None:
        """Choose among *pool*."""
        super().__init__(data)
        self._pool = pool
        self.fields["to"].widget = chooses_certificate()

    @property
    def names(self) -> list[str]:
        """The names of the APIs that are ticked."""
        return list(self.data.getlist("apis")) if isinstance(self.data, QueryDict) else []

    def clean_to(self) -> ClientCertificate:
        """Return the entry."""
        return CERTIFICATES.chosen(self.cleaned_data["to"], otherwise=NO_SUCH_CERTIFICATE)

    def full_clean(self) -> None:
        """Where what was typed fits several certificates, offer these."""
        super().full_clean()
        offer_matches(self, "to", empty=_("Choose a certificate"))

    def clean(self) -> dict[str, Any]:
        """Take the APIs that are ticked; all of them, if the caller has not been shown any to tick."""
        names = set(self.names)
        found = self._pool.filter(name__in=[name for name in names if "\0" not in name])  # which PostgreSQL does not look for
        apis = found if names or self.data.get("listed") else self._pool
        self.cleaned_data["apis"] = apis
        known = set(apis.values_list("name", flat=True)) if names else set()
        if missing := sorted(names - known):
            self.add_error(None, _("There is no such API to move here: %(apis)s.") % {"apis": ", ".join(missing[:5])})
        elif not apis.exists():
            self.add_error(None, _("Choose at least one API."))
        return self.cleaned_data


class MoveForm(DecisionForm):
    """When a move is carried out, and for which of its APIs."""

    def __init__(self, data: Any, *, move: Move, has_to_be_confirmed: bool) -> None:
        """Decide upon *move*."""
        super().__init__(data, lasting=move, has_to_be_confirmed=has_to_be_confirmed)
        self.fields["when"].choices = [  # type: ignore[attr-defined]  # a ChoiceField
            (NOW, _("Now, all of them")),
            (ACCEPTING, _("Now, those whose back ends accept it; the others stay")),
            (When.AT.value, When.AT.label),
            (When.AFTER_TRY.value, _("When every back end accepts it")),
        ]
        self.fields["at"].help_text = _("Date and time, for instance 2027-01-31T02:00. The APIs stay with what they present until then.")
