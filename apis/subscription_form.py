"""The form of a new subscription."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apis.forms import NAME_TAKEN, NameField
from apis.models import Api, Subscription
from apis.naming import free_name
from apis.pickers import ALL_APIS, SCOPES, Combobox, apis_meant, offer_matches
from portal.validators import no_private_key, plain_name

ALL = _("All APIs")


class SubscriptionForm(forms.Form):
    """A right to call one API, or all of them."""

    display_name = forms.CharField(
        label=_("Display name"), max_length=100, validators=[plain_name, no_private_key], help_text=_("Who calls, for instance Mobile app.")
    )
    name = NameField()
    scope = forms.CharField(label=_("Scope"), initial=ALL_APIS, help_text=_("What its keys open."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the APIs."""
        super().__init__(*args, **kwargs)
        self.fields["scope"].widget = widget = SCOPES.widget(
            empty=None, url=reverse("subscriptions:scope_suggestions"), placeholder=str(_("Name or path of an API"))
        )
        if isinstance(widget, Combobox):
            self.fields["scope"].initial = str(ALL)
            self._show_as_chosen()

    def _show_as_chosen(self) -> None:
        """Show an API that the address has named as the list shows it."""
        named = str(self.initial.get("scope", ""))
        if len(found := apis_meant(named)) == 1:
            self.initial["scope"] = SCOPES.shown(found[0], self.fields["scope"].widget)

    def clean_name(self) -> str:
        """Refuse a name that is taken."""
        name = str(self.cleaned_data["name"])
        if name and Subscription.objects.filter(name=name).exists():
            raise ValidationError(NAME_TAKEN[Subscription])
        return name

    def clean_scope(self) -> Api | None:
        """Return the API, ``None`` for all."""
        scope = self.cleaned_data["scope"]
        if scope in {ALL_APIS, str(ALL)}:
            return None
        return SCOPES.chosen(scope, otherwise=_("Choose all APIs (all-apis) or one of them (api: and its name)."))

    def full_clean(self) -> None:
        """Where what was typed fits several APIs, offer these."""
        super().full_clean()
        offer_matches(self, "scope", empty=str(_("Choose an API")))

    def name_to_give(self) -> str:
        """Return the name that was typed, or one made from the display name."""
        return self.cleaned_data["name"] or free_name(
            Subscription.objects.all(), self.cleaned_data["display_name"], fallback="subscription"
        )
