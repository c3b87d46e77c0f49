"""The form of a back end: what the Security tab of an API holds, and where the back end is and how calls are shared among its addresses."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from apis.backends.actions import UNALIKE, BackEndSettings
from apis.backends.addresses import MOST, BadLine, Line, as_text, is_alike, lines_of
from apis.backends.models import (
    DEFAULT_EJECTION_SECONDS,
    DEFAULT_HEALTH_SECONDS,
    MOST_AT_ONCE,
    MOST_FAILURES,
    MOST_SECONDS,
    BackEnd,
    BackEndPassword,
)
from apis.calls import MOST_CONNECT_SECONDS, ProtocolChoice
from apis.credentials.oauth_fields import OAuthFields
from apis.forms import NameField
from apis.models import BESIDE_CERTIFICATE, Credentials
from apis.named_values.settings import Unusable, address_of, as_written
from apis.naming import free_name
from apis.policy.model import CONNECT_SECONDS
from apis.security_form import SecurityForm
from apis.service_url import is_plain_http
from portal.numbers import WholeNumberField
from portal.validators import no_private_key, plain_name

NAME_TAKEN = _("Another back end already has this name.")
OF_MEMBERS = _("This is a pool: the addresses and the security are those of its members and are changed there.")
FIELDS_OF_MEMBERS = (
    *("addresses", "credentials", "certificate", "username", "password", "secret_place", "secret_name", "shared_secret"),
    *OAuthFields.base_fields,
    *("validate_certificate_chain", "validate_certificate_name"),
    *("trusted_authority", "trusted_ca", "protocol", "asks_later", "older_servers", "connect_seconds", "by_url"),
)
_SHARING = (
    "connect_seconds",
    "health_path",
    "health_seconds",
    "eject_after",
    "eject_seconds",
    "most_connections",
    "most_waiting",
    "most_calls",
)
_PATH = re.compile(r"/[!-\"$-\[\]-~]*\Z")  # RFC 3986, 3.3: neither blanks and controls nor # and \\
_MONOSPACE = {"spellcheck": "false", "autocapitalize": "none"}


def _number(label: Any, most: int, *, help_text: Any = "", unit: Any = "", initial: int | None = None) -> WholeNumberField:
    field = WholeNumberField(label=label, min_value=1, max_value=most, required=False, help_text=help_text, initial=initial)
    field.unit = unit  # type: ignore[attr-defined]  # for templates/django/forms/field.html
    return field


class BackEndForm(SecurityForm):
    """A back end, or a new one."""

    of_members = OF_MEMBERS
    name = NameField()
    title = forms.CharField(label=_("Display name"), max_length=300, required=False, validators=[plain_name, no_private_key])
    description = forms.CharField(
        label=_("Description"), max_length=2000, required=False, validators=[no_private_key], widget=forms.Textarea(attrs={"rows": 2})
    )
    addresses = forms.CharField(
        label=_("Addresses"),
        max_length=MOST * 2100,
        help_text=_(
            "One URL a line. Behind it, if need be, weight=3 (of how many calls) and priority=1 (only once those of a lower number fail)."
            " They differ in host and port only."
        ),
        widget=forms.Textarea(attrs={"rows": 4, **_MONOSPACE}),
    )
    connect_seconds = _number(_("Seconds to connect"), MOST_CONNECT_SECONDS, initial=CONNECT_SECONDS)
    health_path = forms.CharField(
        label=_("Path to ask for"),
        max_length=1000,
        required=False,
        help_text=_("For instance /health. An address that does not answer 2xx or 3xx gets no calls. Left empty, nobody asks."),
        widget=forms.TextInput(attrs=_MONOSPACE),
    )
    health_seconds = _number(_("Seconds between questions"), MOST_SECONDS, initial=DEFAULT_HEALTH_SECONDS)
    eject_after = _number(
        _("Failed calls in a row"),
        MOST_FAILURES,
        help_text=_("An address that answers 5xx, or not at all, so often is left out for a while."),
    )
    eject_seconds = _number(_("Seconds without calls"), MOST_SECONDS, initial=DEFAULT_EJECTION_SECONDS)
    most_connections = _number(_("Connections"), MOST_AT_ONCE, help_text=_("Of each gateway and API. Left empty, as many as it bears."))
    most_waiting = _number(_("Calls that wait"), MOST_AT_ONCE)
    most_calls = _number(_("Calls under way"), MOST_AT_ONCE)
    by_url = forms.BooleanField(
        label=_("Also for APIs whose own Web service URL lies here"),
        required=False,
        help_text=_("Certificate and checks then count for them, too, although they do not choose this back end. As the REST API has it."),
    )

    def __init__(self, *args: Any, back_end: BackEnd | None = None, **kwargs: Any) -> None:
        """Edit *back_end*, or a new one."""
        self.back_end = back_end
        holder = back_end or BackEnd()
        super().__init__(*args, api=holder, **kwargs)
        self.initial["credentials"] = holder.proves_itself_by
        if back_end is None:
            return
        del self.fields["name"]
        self.initial.update({name: getattr(back_end, name) for name in ("title", "description", "by_url", *_SHARING)})
        self.initial["addresses"] = as_text(back_end.shown_addresses)
        if back_end.is_pool:
            for name in FIELDS_OF_MEMBERS:
                self.fields[name].disabled = True

    def _basic_of(self, holder: Any) -> BackEndPassword | None:
        return BackEndPassword.objects.filter(back_end=holder).only("username", "written_username").first() if holder.pk else None

    def _over_http(self) -> bool:
        return any(is_plain_http(line.url) for line in self.cleaned_data.get("lines", []))

    def clean_name(self) -> str:
        """Refuse a name that is taken."""
        name = str(self.cleaned_data["name"])
        if name and BackEnd.objects.filter(name__iexact=name).exists():
            raise ValidationError(NAME_TAKEN)
        return name

    def clean_addresses(self) -> str:
        """Take only what the gateway may call, in its normal form."""
        text = str(self.cleaned_data["addresses"])
        try:
            lines = lines_of(text)
        except BadLine as refusal:
            words = _("“%(line)s” is not an address: write a URL, and behind it weight=1 to 1000 and priority=0 to 100, if need be.")
            raise ValidationError(words % {"line": str(refusal)[:200]}) from refusal
        if not 1 <= len(lines) <= MOST:
            raise ValidationError(_("A back end has 1 to %(most)d addresses.") % {"most": MOST})
        checked = [replace(line, url=_checked(line.url), written=as_written(line.url)) for line in lines]
        if len({line.url for line in checked}) < len(checked):
            raise ValidationError(_("An address stands here twice; give it a weight in place of that."))
        if not is_alike([line.url for line in checked]):
            raise ValidationError(UNALIKE)
        self.cleaned_data["lines"] = checked
        return text

    def clean_health_path(self) -> str:
        """Take a path that can be asked for."""
        path = str(self.cleaned_data["health_path"])
        if path and not _PATH.match(path):
            raise ValidationError(_("A path begins with a slash and holds no blanks, for instance /health."))
        return path

    def clean(self) -> dict[str, Any]:
        """Fill in what is usual where nothing was typed."""
        for name in ("connect_seconds", "health_seconds", "eject_seconds"):
            if name in self.fields and name not in self.errors:
                self.cleaned_data[name] = self.cleaned_data.get(name) or self.fields[name].initial
        return super().clean()

    def name_to_give(self) -> str:
        """Return the name that was typed, or one made from the display name or the host."""
        lines: list[Line] = self.cleaned_data["lines"]
        wanted = self.cleaned_data["title"] or lines[0].url.partition("://")[2]
        return self.cleaned_data["name"] or free_name(BackEnd.objects.all(), wanted, fallback="back-end")

    def chosen_settings(self) -> BackEndSettings:
        """Return what was chosen, once the form is valid."""
        cleaned, security = self.cleaned_data, self.chosen()
        base = BackEndSettings.of(self.back_end) if self.back_end else None
        return BackEndSettings(
            title=cleaned["title"],
            description=cleaned["description"],
            by_url=cleaned["by_url"],
            **self._where(base),
            credentials=security.credentials,
            certificate=security.certificate if security.credentials in {Credentials.CLIENT_CERTIFICATE, *BESIDE_CERTIFICATE} else None,
            username=security.username,
            password=security.password,
            proof=security.proof,
            validate_certificate_chain=security.validate_certificate_chain,
            validate_certificate_name=security.validate_certificate_name,
            trusted_ca=security.trusted_ca,
            trusted_authority=security.trusted_authority,
            protocol=ProtocolChoice(security.protocol or ProtocolChoice.AUTO),
            asks_later=bool(security.asks_later),
            older_servers=bool(security.older_servers),
            **{name: cleaned[name] for name in _SHARING},
            remarks=base.remarks if base else {},
        )

    def _where(self, base: BackEndSettings | None) -> dict[str, Any]:
        """Return the addresses; as another client has spelled them, while they are the same."""
        if base and self.back_end and self.back_end.is_pool:
            return {"url": base.url, "addresses": base.addresses}
        lines: list[Line] = self.cleaned_data["lines"]
        first, kept = lines[0], tuple(line.kept() for line in lines)
        spelled = base.spelled_url if base and base.url == first.url else ""
        spelled = first.written or ("" if as_written(spelled) else spelled)
        return {"url": first.url, "spelled_url": spelled, "addresses": kept if len(kept) > 1 else ()}


def _checked(text: str) -> str:
    try:
        return address_of(text).text.rstrip("/")
    except Unusable as refusal:
        raise ValidationError([f"{text[:200]}: {sentence}" for _field, sentence in refusal.faults]) from refusal
