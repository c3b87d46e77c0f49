"""The form of a named value."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from apis.forms import NameField, RevisionField
from apis.models import NamedValue
from apis.named_values.actions import Chosen
from apis.named_values.models import DISPLAY_NAME_MAX_LENGTH, VALUE_MAX_LENGTH, valid_display_name
from apis.naming import free_name
from certificates.sealing import Secret

TAKEN = _("Another named value already has this name.")
MOST_TAGS, _LONGEST_TAG = 32, 100  # as published: 32


class NamedValueForm(forms.Form):
    """A named value; one that is secret is kept where nothing new is typed."""

    display_name = forms.CharField(
        label=_("Display name"),
        max_length=DISPLAY_NAME_MAX_LENGTH,
        validators=[valid_display_name],
        help_text=_("Policies and settings name it by this: {{orders-host}}."),
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocapitalize": "none"}),
    )
    secret = forms.BooleanField(label=_("Secret"), required=False, help_text=_("Sealed, and hidden on pages."))
    value = forms.CharField(
        label=_("Value"),
        required=False,
        strip=False,
        max_length=VALUE_MAX_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2, "class": "mono brief", "spellcheck": "false", "autocomplete": "off"}),
    )
    tags = forms.CharField(label=_("Tags"), required=False, max_length=2000, help_text=_("Words, separated by commas."))
    revision = RevisionField()

    def __init__(self, *args: Any, value: NamedValue | None = None, **kwargs: Any) -> None:
        """Edit *value*, or a new one."""
        super().__init__(*args, **kwargs)
        self.row = value
        self.fields["value"].needed_if_chosen = value is None or not value.secret  # type: ignore[attr-defined]  # so not marked "(optional)"
        if value:
            fields = {name: getattr(value, name) for name in ("display_name", "secret", "value", "revision")}
            self.initial = fields | {"tags": ", ".join(value.tags)}
        if value and value.secret:
            self.fields["value"].help_text = _("Left empty, the stored value is kept.")

    def clean_display_name(self) -> str:
        """Refuse a name that is taken."""
        name = str(self.cleaned_data["display_name"])
        rivals = NamedValue.objects.exclude(pk=self.row.pk) if self.row else NamedValue.objects.all()
        if rivals.filter(display_name=name).exists():
            raise ValidationError(TAKEN)
        return name

    def clean_tags(self) -> tuple[str, ...]:
        """Return the tags, each once."""
        tags = tuple(dict.fromkeys(tag.strip() for tag in self.cleaned_data["tags"].split(",") if tag.strip()))
        if len(tags) > MOST_TAGS or any(len(tag) > _LONGEST_TAG for tag in tags):
            bounds = {"most": MOST_TAGS, "longest": _LONGEST_TAG}
            raise ValidationError(_("At most %(most)d tags, each of %(longest)d characters."), params=bounds)
        return tags

    def clean(self) -> dict[str, Any]:
        """Demand a value, unless one is kept; take line ends as they are meant."""
        cleaned = self.cleaned_data
        cleaned["value"] = cleaned.get("value", "").replace("\r\n", "\n")
        kept = self.row is not None and self.row.secret and not cleaned["value"]
        if not cleaned["value"] and not kept:
            self.add_error("value", _("Enter a value."))
        elif kept and not cleaned.get("secret"):
            self.add_error("value", _("A secret stays hidden; enter the value that everybody may see."))
        return cleaned

    def chosen(self) -> Chosen:
        """Return what was chosen, once the form is valid."""
        cleaned = self.cleaned_data
        value = Secret(cleaned["value"].encode()) if cleaned["value"] else None
        return Chosen(display_name=cleaned["display_name"], value=value, secret=cleaned["secret"], tags=cleaned["tags"])


class NewNamedValueForm(NamedValueForm):
    """A new one."""

    name = NameField()
    field_order = ("display_name", "name", "secret", "value", "tags")

    def clean_name(self) -> str:
        """Refuse a name that is taken."""
        name = str(self.cleaned_data["name"])
        if name and NamedValue.objects.filter(name=name).exists():
            raise ValidationError(TAKEN)
        return name

    def name_to_give(self) -> str:
        """Return the name that was typed, or one made from the display name."""
        return self.cleaned_data["name"] or free_name(NamedValue.objects.all(), self.cleaned_data["display_name"], fallback="value")
