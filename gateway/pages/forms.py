"""Forms of the gateways' pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from gateway.models import Gateway
from portal.validators import plain_name

if TYPE_CHECKING:
    _GatewayForm = forms.ModelForm[Gateway]  # generic for the type checker only
else:
    _GatewayForm = forms.ModelForm


class EnrolForm(_GatewayForm):
    """What a gateway on another machine is to be called."""

    class Meta:
        """Its name."""

        model = Gateway
        fields: ClassVar = ["name"]
        help_texts: ClassVar = {"name": _("Shown in the portal; for instance gateway-2.")}
        error_messages: ClassVar = {
            "name": {"unique": _("There is already a gateway of that name. Remove it first to give it a new certificate.")}
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Keep browsers from filling in anything."""
        super().__init__(*args, **kwargs)
        self.fields["name"].widget.attrs["autocomplete"] = "off"

    def clean_name(self) -> str:
        """Return the name; it becomes a file's name, too."""
        name: str = self.cleaned_data["name"]
        plain_name(name)
        if "\\" in name or name.startswith("."):
            raise ValidationError(_("Use a name without \\ that does not begin with a dot."))
        return name
