"""The forms of channels, the schedule and contacts."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.core.validators import MinLengthValidator, validate_email
from django.utils.translation import gettext_lazy as _

from certificates.models import NAME_MAX_LENGTH, valid_name
from notices import thresholds
from notices.channels import SIGNED
from notices.models import ChannelKind, Weekday, not_reserved
from notices.places import BadUrl, place_of
from portal.validators import no_private_key, plain_name

_LEAST_SECRET = 8
_NOT_FILLED = {"autocomplete": "off", "spellcheck": "false"}


class _Unkept(forms.TextInput):
    """A text that a refused form does not show again, because whoever has it can post."""

    def format_value(self, value: Any) -> str:  # noqa: ARG002 - Django's signature
        """Return nothing."""
        return ""


class ChannelForm(forms.Form):
    """Where notices go. Of a channel that is there, what is left empty stays as it is."""

    name = forms.CharField(label=_("Name"), max_length=NAME_MAX_LENGTH, validators=[valid_name, not_reserved, plain_name, no_private_key])
    kind = forms.ChoiceField(label=_("Kind"), choices=ChannelKind, widget=forms.RadioSelect)
    address = forms.CharField(
        label=_("Mail address"), required=False, max_length=254, validators=[validate_email], help_text=_("For mail only.")
    )
    url = forms.CharField(
        label=_("URL"),
        required=False,
        max_length=2000,
        widget=_Unkept(attrs=_NOT_FILLED),
        help_text=_("For all but mail, as the service shows it. It lets whoever has it post, so it is kept sealed and not shown again."),
    )
    secret = forms.CharField(
        label=_("Secret"),
        required=False,
        max_length=500,
        validators=[MinLengthValidator(_LEAST_SECRET)],
        widget=forms.PasswordInput(attrs=_NOT_FILLED),
        help_text=_(
            "What messages are signed with: for a webhook of your own (empty: one is made, and shown once), and for Feishu and DingTalk if "
            "their robot asks for a signature."
        ),
    )
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)

    def __init__(self, *args: Any, there: ChannelKind | None = None, **kwargs: Any) -> None:
        """Take the fields of a new channel, or of one of a kind that is *there*."""
        super().__init__(*args, **kwargs)
        self._there = there
        if there:
            del self.fields["name"], self.fields["kind"]
            del self.fields["url" if there == ChannelKind.MAIL else "address"]
            if there not in SIGNED:
                del self.fields["secret"]
        for name in {"url", "secret"} & self.fields.keys() if there else ():
            self.fields[name].help_text = _("Empty: as it was. It is kept sealed and not shown.")

    def clean_url(self) -> str:
        """Refuse what nothing is posted to."""
        url: str = self.cleaned_data["url"]
        if url:
            try:
                place_of(url, allowed=settings.ALLOWED_BACKEND_NETWORKS)
            except BadUrl as refusal:
                raise forms.ValidationError(str(refusal.fault)) from refusal
        return url

    def clean(self) -> dict[str, Any]:
        """Demand where to send to, by kind."""
        cleaned = super().clean() or {}
        kind = self._there or cleaned.get("kind")
        if kind == ChannelKind.MAIL and not cleaned.get("address") and not self.has_error("address"):
            self.add_error("address", _("Enter the mail address that notices go to."))
        if kind and kind != ChannelKind.MAIL and not self._there and not cleaned.get("url") and not self.has_error("url"):
            self.add_error("url", _("Enter the URL that notices are posted to."))
        if cleaned.get("secret") and kind and kind not in SIGNED:
            self.add_error("secret", _("Messages of this kind are not signed. Leave it empty."))
        return cleaned

    @property
    def destination(self) -> str:
        """The mail address or URL; empty: as it was."""
        mail = (self._there or self.cleaned_data.get("kind")) == ChannelKind.MAIL
        return str(self.cleaned_data.get("address" if mail else "url", ""))


class ScheduleForm(forms.Form):
    """When is told."""

    thresholds = forms.CharField(
        label=_("Days before the end"),
        max_length=100,
        help_text=_("Numbers with commas between them; 0 is the moment at which it has ended."),
    )
    weekly = forms.TypedChoiceField(
        label=_("Weekly summary"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", _("Never")), *Weekday.choices],
        help_text=_("From eight o'clock on (UTC), if anything fails or ends."),
    )

    def clean_thresholds(self) -> list[int]:
        """Read the days."""
        try:
            return thresholds.read(self.cleaned_data["thresholds"])
        except thresholds.BadThresholds as error:
            words = _("Enter up to twelve numbers of days, each 730 or less, for instance 60, 30, 14, 7, 1, 0.")
            raise forms.ValidationError(words) from error


class AlertsForm(forms.Form):
    """Of which failures is told."""

    calls = forms.BooleanField(
        label=_("Calls that fail more than before"),
        required=False,
        help_text=_(
            "Of an API, in 10 minutes: at least five that got no answer or were refused, one of twenty, and three times the day before."
        ),
    )
    gateways = forms.BooleanField(label=_("Gateways that are behind or away"), required=False, help_text=_("For two minutes or longer."))
    sources = forms.BooleanField(label=_("Sources of certificates that fail"), required=False)


class ContactForm(forms.Form):
    """An owner, who has an account, or a mail address."""

    person = forms.ModelChoiceField(
        User.objects.filter(is_active=True).order_by("username"),
        label=_("Owner"),
        required=False,
        to_field_name="username",
        empty_label=_("nobody"),
        help_text=_("Somebody with an account; notices go to their mail address, in their language."),
    )
    address = forms.CharField(
        label=_("Or a mail address"),
        required=False,
        max_length=254,
        validators=[validate_email],
        help_text=_("Of somebody without an account."),
    )
    language = forms.ChoiceField(label=_("Language of this address"), required=False, choices=settings.LANGUAGES)

    def clean(self) -> dict[str, Any]:
        """Demand one of both, and that mail can reach the person."""
        cleaned = super().clean() or {}
        person, address = cleaned.get("person"), cleaned.get("address")
        if self.errors:
            return cleaned
        if bool(person) == bool(address):
            self.add_error("person", _("Choose somebody, or enter a mail address, not both."))
        elif person and not person.email:
            self.add_error("person", _("This person has no mail address. Enter one below, or have it added under People."))
        return cleaned
