"""Who may call an API, and under which host names: the columns of an API that the Callers tab sets."""

from __future__ import annotations

import re

from django.db import models
from django.utils.translation import gettext_lazy as _

from apis.policy.model import CallerIdentity, ValidateClientCertificate

_THUMBPRINT = re.compile(r"[0-9A-F]{40}(?:[0-9A-F]{24})?\Z")  # SHA-1 or SHA-256


class CallerCertificate(models.TextChoices):
    """What is done about callers' certificates."""

    NONE = "none", _("Not asked for")
    PASSED_ON = "passed-on", _("Asked for and passed on to the back end")
    REQUIRED = "required", _("Required: calls without one of these are refused")


class Callers(models.Model):
    """Who may call. A part of :class:`apis.models.Api`."""

    hosts: models.JSONField[list[str], list[str]] = models.JSONField(_("Host names"), default=list, blank=True)  # empty: any
    caller_certificate = models.CharField(
        _("Callers' certificates"), max_length=10, choices=CallerCertificate, default=CallerCertificate.NONE, db_default="none"
    )
    caller_authorities = models.TextField(_("Authorities of callers"), blank=True, db_default="")  # PEM
    caller_identities: models.JSONField[list[str], list[str]] = models.JSONField(_("Callers let in"), default=list, blank=True)

    class Meta:
        """No table of its own."""

        abstract = True

    @property
    def host_to_call(self) -> str:
        """A host name that it may be called under; empty: any will do."""
        return self.hosts[0].replace("*", "www") if self.hosts else ""

    def caller_rule(self) -> ValidateClientCertificate | None:
        """Return what is done about callers' certificates; ``None`` if they are not asked for."""
        match CallerCertificate(self.caller_certificate):
            case CallerCertificate.NONE:
                return None
            case CallerCertificate.PASSED_ON:
                return ValidateClientCertificate(required=False, trusted=False)
            case CallerCertificate.REQUIRED:
                identities = tuple(identity_of(text) for text in self.caller_identities)
                return ValidateClientCertificate(trusted=bool(self.caller_authorities), identities=identities)


def identity_of(text: str) -> CallerIdentity:
    """Return the identity that is written as a thumbprint or an alternative name."""
    return CallerIdentity(thumbprint=text) if _THUMBPRINT.match(text) else CallerIdentity(name=text)


def text_of(identity: CallerIdentity) -> str:
    """Return what is written for an identity."""
    return identity.thumbprint or identity.name
