"""The form of an API's Calls tab."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apis.actions import ApiCalls
from apis.calls import (
    MOST_CALL_SECONDS,
    MOST_CONNECT_SECONDS,
    MOST_CORS_AGE,
    MOST_IDLE_SECONDS,
    MOST_PERCENT,
    CorsChoice,
)
from apis.forms import RevisionField
from apis.models import Api
from apis.policy import cors
from apis.policy.model import Cors
from portal.numbers import WholeNumberField

_LISTS = ("cors_origins", "cors_methods", "cors_headers", "cors_exposed")
_BY_GATEWAY = (*_LISTS, "cors_max_age", "cors_credentials")  # what counts only where the gateway answers browsers
_LONGEST_LIST = 10_000  # characters
_BROWSERS_REMEMBER_SECONDS = 5  # where nobody says how long (Fetch standard, CORS-preflight fetch)
_ALWAYS_ALLOWED = "GET HEAD POST"  # without being named (Fetch standard, CORS-safelisted method)


class ListField(forms.CharField):
    """Several values, one a line; spaces and commas separate them as well."""

    def __init__(self, *, check: Callable[[str], str], placeholder: str | Promise = "", **kwargs: Any) -> None:
        """Take each value as *check* returns it; *placeholder* is what holds while there is none."""
        attrs = {"rows": 2, "class": "mono brief", "placeholder": placeholder, "spellcheck": "false", "autocapitalize": "none"}
        super().__init__(required=False, max_length=_LONGEST_LIST, widget=forms.Textarea(attrs=attrs), **kwargs)
        self._check = check

    def prepare_value(self, value: Any) -> Any:
        """Return what the field shows."""
        return "\n".join(value) if isinstance(value, list | tuple) else value

    def clean(self, value: Any) -> Any:
        """Return the values, each once.

        :raises ValidationError: naming the first that cannot be
        """
        words = str(super().clean(self.prepare_value(value))).replace(",", " ").split()
        if len(words) > cors.MOST_ENTRIES:
            raise ValidationError(_("At most %(number)d can be named."), params={"number": cors.MOST_ENTRIES})
        return tuple(dict.fromkeys(map(self._check, words)))


class SecondsField(WholeNumberField):
    """A time in whole seconds."""

    unit = _("seconds")  # for templates/django/forms/field.html

    def __init__(self, *, least: int = 1, most: int, **kwargs: Any) -> None:
        """Take from *least* to *most*."""
        super().__init__(min_value=least, max_value=most, **kwargs)
        self._bounds = {"least": least, "most": most}

    def clean(self, value: Any) -> Any:
        """Return the number, or nothing where none is needed.

        :raises ValidationError: naming the bounds
        """
        try:
            return super().clean(value)
        except ValidationError as refusal:
            raise ValidationError(_("Enter a whole number of seconds, from %(least)d to %(most)d."), params=self._bounds) from refusal


class PercentField(WholeNumberField):
    """A share in whole percent."""

    unit = _("percent")  # as of SecondsField


def _origin(text: str) -> str:
    if origin := cors.normal_origin(text):
        return origin
    words = _("%(value)s is not a site as browsers name it; write https://shop.example.com, https://*.example.com or * for any.")
    raise ValidationError(words, params={"value": text})


def _header(text: str) -> str:
    if cors.is_token(text):
        return text
    raise ValidationError(_("%(value)s is not the name of a header; * alone means any."), params={"value": text})


def _verb(text: str) -> str:
    if cors.is_token(text):
        return text.upper()
    raise ValidationError(_("%(value)s is not an HTTP verb; * alone means any."), params={"value": text})


class CallsForm(forms.Form):
    """How calls go on to the back end: times, what is tried again, where redirects lead, who answers browsers."""

    connect_seconds = SecondsField(
        label=_("Time to connect"),
        most=MOST_CONNECT_SECONDS,
        help_text=_("How long the back end may take until the connection stands, TLS handshake included."),
    )
    idle_seconds = SecondsField(
        label=_("Time without a byte"),
        required=False,
        most=MOST_IDLE_SECONDS,
    )
    longest_seconds = SecondsField(
        label=_("Time for a whole call"),
        required=False,
        most=MOST_CALL_SECONDS,
        widget=forms.NumberInput(attrs={"placeholder": _("no limit")}),
        help_text=_(
            "Then a call is ended even while data moves, WebSockets and streams too; so none of them outlives a revoked key, "
            "a deleted API or a replaced certificate by more. Empty: no limit."
        ),
    )
    retry_calls = forms.BooleanField(
        label=_("Try safe calls again"),
        required=False,
        help_text=_(
            "GET, HEAD, OPTIONS, PUT and DELETE whose connection broke before an answer. "
            "What the back end has not begun is always tried again."
        ),
    )
    rewrite_redirects = forms.BooleanField(
        label=_("Lead redirects and cookies back to the API"),
        required=False,
        help_text=_("A Location of the Web service URL becomes that of the API, and so do the Path and Domain of cookies."),
    )
    cors = forms.ChoiceField(
        label=_("Who answers browsers"),
        choices=CorsChoice,
        help_text=_("Before a page of another site calls the API, its browser asks whether it may (CORS). That question carries no key."),
    )
    cors_origins = ListField(
        label=_("Sites that may call"),
        check=_origin,
        help_text=_("One a line, for instance https://shop.example.com or https://*.example.com; * means any."),
    )
    cors_methods = ListField(
        label=_("HTTP verbs they may use"),
        check=_verb,
        placeholder=_ALWAYS_ALLOWED,
        help_text=_("GET, HEAD and POST are always allowed; * means any."),
    )
    cors_headers = ListField(
        label=_("Headers they may send"),
        check=_header,
        help_text=_("Name the subscription key's header where a key is needed; * means any."),
    )
    cors_exposed = ListField(label=_("Headers they may read"), check=_header)
    cors_max_age = SecondsField(
        label=_("Time to remember the answer"),
        required=False,
        least=0,
        most=MOST_CORS_AGE,
        widget=forms.NumberInput(attrs={"placeholder": _BROWSERS_REMEMBER_SECONDS}),
        help_text=_("How long a browser may go without asking again."),
    )
    cors_credentials = forms.BooleanField(
        label=_("With cookies and credentials"),
        required=False,
        help_text=_("Sites and headers to read must then be named; neither * nor the site null counts."),
    )
    count_by_subscription = forms.BooleanField(
        label=_("Count calls by subscription"),
        required=False,
        help_text=_(
            "Who calls, how it ends and when each key was used last: on the pages of the API and of its subscriptions. Each key that opens "
            "the API costs a call some 30 ns; over 200 keys none is told apart."
        ),
    )
    log_calls = forms.BooleanField(
        label=_("Write an access log"),
        required=False,
        help_text=_("A line for each call, without keys and secrets. Each gateway's settings say where to (GATEWAY_ACCESS_LOG)."),
    )
    trace_percent = PercentField(
        label=_("Trace calls"),
        required=False,
        min_value=0,
        max_value=MOST_PERCENT,
        widget=forms.NumberInput(attrs={"placeholder": _("none")}),
        help_text=_(
            "So many percent of the calls, in the W3C trace context; a caller that sends one decides for its call. "
            "Each gateway's settings say where to (GATEWAY_OTLP_ADDRESS). Empty: none."
        ),
    )
    revision = RevisionField()

    def __init__(self, *args: Any, api: Api, **kwargs: Any) -> None:
        """Edit *api*."""
        super().__init__(*args, **kwargs)
        self.initial = {name: getattr(api, name) for name in self.fields}
        self.fields["idle_seconds"].widget.attrs["placeholder"] = settings.GATEWAY_IDLE_SECONDS
        self.fields["idle_seconds"].help_text = _(
            "How long nothing may move in either direction; then the call fails. Up to an hour, for long polls and server-sent events. "
            "Empty: the gateway's %(seconds)d seconds."
        ) % {"seconds": settings.GATEWAY_IDLE_SECONDS}
        for name in _LISTS:  # not marked "(optional)": they show where they are needed
            self.fields[name].needed_if_chosen = True  # type: ignore[attr-defined]  # for templates/django/forms/field.html

    def clean(self) -> dict[str, Any]:
        """Check what belongs together; what does not count, since somebody else answers browsers, is ignored."""
        cleaned = self.cleaned_data
        if cleaned.get("cors", CorsChoice.GATEWAY) != CorsChoice.GATEWAY:
            for name in _BY_GATEWAY:
                self.errors.pop(name, None)
        elif not self.errors:
            self._check_rule()
        return cleaned

    def _check_rule(self) -> None:
        cleaned = self.cleaned_data
        if not cleaned["cors_origins"]:
            self.add_error("cors_origins", _("Name the sites that may call, or * for any."))
        elif cors.leaves_open_with_credentials(self._rule()):
            self.add_error(
                "cors_credentials", _("With credentials, name the sites and the headers to read; neither * nor the site null counts.")
            )

    def chosen(self) -> ApiCalls:
        """Return what was chosen, once the form is valid. What the gateway does not tell browsers is forgotten."""
        cleaned = self.cleaned_data
        choice = CorsChoice(cleaned["cors"])
        return ApiCalls(
            connect_seconds=cleaned["connect_seconds"],
            idle_seconds=cleaned["idle_seconds"],
            longest_seconds=cleaned["longest_seconds"],
            retry_calls=cleaned["retry_calls"],
            rewrite_redirects=cleaned["rewrite_redirects"],
            count_by_subscription=cleaned["count_by_subscription"],
            log_calls=cleaned["log_calls"],
            trace_percent=cleaned["trace_percent"],
        ).with_cors(self._rule() if choice == CorsChoice.GATEWAY else None, otherwise=choice)

    def _rule(self) -> Cors:
        cleaned = self.cleaned_data
        return Cors(
            origins=cleaned["cors_origins"],
            methods=cleaned["cors_methods"],
            headers=cleaned["cors_headers"],
            exposed=cleaned["cors_exposed"],
            max_age_seconds=cleaned["cors_max_age"],
            credentials=cleaned["cors_credentials"],
        )
